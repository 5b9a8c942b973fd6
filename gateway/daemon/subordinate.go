package daemon

import (
	"context"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
)

// livePort is a port that runs, or waits for its hardware, until done is closed.
type livePort struct {
	done     <-chan struct{}
	health   *status.Health
	reloader *reloader
	quit     context.CancelFunc
}

func (p *livePort) lacksHardware(cfg config.Config) bool {
	return p.health.Missing() != "" && !p.reloader.changesHardware(cfg)
}

func (p *livePort) apply(cfg config.Config) (restart []string, err error) {
	if keys := p.reloader.waiting(cfg); len(keys) > 0 {
		return keys, nil
	}
	return p.reloader.apply(cfg)
}

func (p *livePort) latest() (port.Status, bool) { return p.health.Latest() }
func (p *livePort) restart()                    { p.quit() }
func (p *livePort) ended() <-chan struct{}      { return p.done }

// noPort stands for a port that its documents keep from running: any others take a
// restart.
type noPort struct {
	done <-chan struct{}
	quit context.CancelFunc
}

func (noPort) lacksHardware(config.Config) bool { return false }

func (noPort) apply(cfg config.Config) (restart []string, err error) {
	return config.Changed(config.Config{}, cfg), nil
}

func (noPort) latest() (port.Status, bool) { return port.Status{}, false }
func (p noPort) restart()                  { p.quit() }
func (p noPort) ended() <-chan struct{}    { return p.done }

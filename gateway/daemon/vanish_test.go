package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/state/redis"
)

// plugged are drivers of a virtual radio that is there or not.
type plugged struct {
	Drivers
	there  chan bool       // asked for at each look
	opened chan *sim.Radio // each that was opened
}

func (p plugged) Hardware(config.Hardware, func()) (Board, error) {
	select {
	case there := <-p.there:
		if !there {
			return Board{}, fmt.Errorf("sound card Radio: %w", hal.ErrGone)
		}
	case <-time.After(time.Minute):
		return Board{}, fmt.Errorf("expected to be asked for hardware less often")
	}
	r := sim.NewRadio("radio", nil)
	p.opened <- r
	return Board{Hardware: port.Hardware{Mic: r.Mic, Speaker: r.Speaker, PTT: r.Button, Lamps: r.Panel}}, nil
}
func (plugged) ShowMissing(config.Hardware) func() { return func() {} }
func (plugged) Links(config.Config, func() string, *redis.Client, *slog.Logger) (Links, error) {
	return deadLinks{}, nil
}

// deadLinks is the link of one channel, which never comes up.
type deadLinks struct{ noLink }

func (deadLinks) Channels() []string                           { return []string{"gates"} }
func (deadLinks) Link(string) port.Link                        { return deadLinks{} }
func (deadLinks) Lock() port.SpeakerLock                       { return noLock{} }
func (deadLinks) Floors(w port.FloorWatcher) port.FloorWatcher { return w }
func (deadLinks) WriteOpus([]byte, uint32, bool) error         { return port.ErrLinkDown }
func (deadLinks) RenewTokens(context.Context)                  {}
func (deadLinks) NetworkChanged()                              {}
func (deadLinks) Run(ctx context.Context, _ port.LinkEvents) error {
	<-ctx.Done()
	return nil
}

type noLock struct{ port.SpeakerLock }

// TestACardThatReturnsIsUsedByTheSameProcess unplugs a port's sound card twice. Each
// time a new port runs once the card is back, and Run does not end.
func TestACardThatReturnsIsUsedByTheSameProcess(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	cfg := config.Default()
	cfg.Channel, cfg.Identity.UserID, cfg.Link, cfg.Redis.URL = "gates", "north", config.Link{}, "redis://127.0.0.1:1"
	cfg.Recorder.Size = 0
	p := plugged{there: make(chan bool), opened: make(chan *sim.Radio, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Local:   config.Local{Config: cfg},
			Load:    func() (config.Config, error) { return cfg, nil },
			Drivers: p,
			OpenLog: func(config.Log) (*slog.Logger, *slog.LevelVar, error) {
				return slog.New(slog.DiscardHandler), new(slog.LevelVar), nil
			},
		})
	}()
	plug := func(there bool) {
		select {
		case p.there <- there:
		case err := <-ended:
			t.Fatalf("Run ended: %v", err)
		}
	}
	for range 2 {
		plug(false)
		plug(true)
		radio := <-p.opened
		radio.Unplug()
		for radio.Button.Err() == nil { // the port closes what is left
			time.Sleep(time.Millisecond)
		}
	}
	plug(false)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

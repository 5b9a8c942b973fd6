package daemon

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
)

// reloader lets a changed configuration take effect on a port that runs. Any
// goroutine may use it.
type reloader struct {
	load    func() (config.Config, error)
	level   *slog.LevelVar
	starter *starter
	log     *slog.Logger

	mu  sync.Mutex
	cfg config.Config // what takes effect
}

// current is what takes effect now.
func (r *reloader) current() config.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg
}

// waiting are the keys whose change takes a restart.
func (r *reloader) waiting(cfg config.Config) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.restartKeys(cfg)
}

// changesHardware says whether cfg has other hardware than what takes effect.
func (r *reloader) changesHardware(cfg config.Config) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(config.Changed(r.cfg, cfg), func(key string) bool { return strings.HasPrefix(key, "hardware.") })
}

func (r *reloader) restartKeys(cfg config.Config) []string {
	var keys []string
	for _, key := range config.Changed(r.cfg, cfg) {
		// Before there is a port, everything is yet to be made of what there is.
		if !config.Live(key) || r.starter.port.Load() == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// apply lets all that can take effect now, and returns the keys that wait for a
// restart. With an error nothing does.
func (r *reloader) apply(cfg config.Config) (waiting []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting = r.restartKeys(cfg)
	now := config.WithLive(r.cfg, cfg)
	if port := r.starter.port.Load(); port != nil {
		tuning, err := options.Tuning(now)
		if err == nil {
			err = port.Tune(tuning)
		}
		if err != nil {
			return nil, err
		}
	}
	// The level was parsed with the file.
	_ = r.level.UnmarshalText([]byte(now.Log.Level))
	r.cfg = now
	return waiting, nil
}

// reload takes over what can be changed while the port runs, and says what
// cannot. Files that hold a token or a password are read for each connection, and
// need no reload.
func (r *reloader) reload() {
	cfg, err := r.load()
	if err != nil {
		r.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	waiting, err := r.apply(cfg)
	if err != nil {
		r.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	if len(waiting) > 0 {
		r.log.Warn("configuration is reloaded; some changes wait for a restart", "keys", waiting)
		return
	}
	r.log.Info("configuration is reloaded")
}

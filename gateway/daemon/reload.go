package daemon

import (
	"github.com/talkgate/talkgate/gateway/options"

	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/gateway/config"
)

// tuner lets a changed configuration take effect on a port that runs. Any
// goroutine may use it.
type tuner struct {
	load    func() (config.Config, error)
	level   *slog.LevelVar
	starter *starter
	log     *slog.Logger

	mu  sync.Mutex
	cfg config.Config // what takes effect
}

// waiting are the keys whose change takes a restart.
func (t *tuner) waiting(cfg config.Config) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.restartKeys(cfg)
}

// changesHardware says whether cfg has other hardware than what takes effect.
func (t *tuner) changesHardware(cfg config.Config) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(config.Changed(t.cfg, cfg), func(key string) bool { return strings.HasPrefix(key, "hardware.") })
}

func (t *tuner) restartKeys(cfg config.Config) []string {
	var keys []string
	for _, key := range config.Changed(t.cfg, cfg) {
		// Before there is a port, everything is yet to be made of what there is.
		if !config.Live(key) || t.starter.port.Load() == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// apply lets all that can take effect now, and returns the keys that wait for a
// restart. With an error nothing does.
func (t *tuner) apply(cfg config.Config) (waiting []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting = t.restartKeys(cfg)
	now := config.WithLive(t.cfg, cfg)
	if port := t.starter.port.Load(); port != nil {
		tuning, err := options.Tuning(now)
		if err == nil {
			err = port.Tune(tuning)
		}
		if err != nil {
			return nil, err
		}
	}
	// The level was parsed with the file.
	_ = t.level.UnmarshalText([]byte(now.Log.Level))
	t.cfg = now
	return waiting, nil
}

// reload takes over what can be changed while the port runs, and says what
// cannot. Files that hold a token or a password are read for each connection, and
// need no reload.
func (t *tuner) reload() {
	cfg, err := t.load()
	if err != nil {
		t.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	waiting, err := t.apply(cfg)
	if err != nil {
		t.log.Error("configuration is not reloaded; the port goes on with the one it has", "err", err)
		return
	}
	if len(waiting) > 0 {
		t.log.Warn("configuration is reloaded; some changes wait for a restart", "keys", waiting)
		return
	}
	t.log.Info("configuration is reloaded")
}

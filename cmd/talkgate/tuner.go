package main

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/gateway/config"
)

// tuner lets a changed configuration take effect on a port that runs. Any
// goroutine may use it.
type tuner struct {
	level *slog.LevelVar
	heart *heart

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
		if !config.Live(key) || t.heart.port.Load() == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// take lets all that can take effect now, and returns the keys that wait for a
// restart. With an error nothing does.
func (t *tuner) take(cfg config.Config) (waiting []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting = t.restartKeys(cfg)
	now := config.WithLive(t.cfg, cfg)
	if port := t.heart.port.Load(); port != nil {
		tuning, err := tuningOf(now)
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

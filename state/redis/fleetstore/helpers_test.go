package fleetstore

import (
	"log/slog"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// onBoth runs a test on a real server and on the embedded one of the demo.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("redis", func(t *testing.T) { test(t, redistest.Start(t).URL) })
	t.Run("embedded", func(t *testing.T) { test(t, "redis://"+miniredis.RunT(t).Addr()) })
}

func open(t testing.TB, url string) *Store { return openConfig(t, conn.Config{URL: url}) }

func openConfig(t testing.TB, cfg conn.Config) *Store {
	t.Helper()
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	scripts := NewScripts()
	c, err := conn.Open(cfg, scripts.All()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return New(c, scripts)
}

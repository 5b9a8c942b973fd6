package loglimit

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := New(slog.New(slog.NewTextHandler(&out, nil)))
		for range 10_000 {
			log.With("user", "a").Info("session begun")
		}
		if n := strings.Count(out.String(), "\n"); n != Burst {
			t.Errorf("%d lines at once, want %d", n, Burst)
		}
		log.Info("another")
		if !strings.Contains(out.String(), "another") {
			t.Error("another text is dropped too")
		}
		out.Reset()
		time.Sleep(time.Second)
		for range 10_000 {
			log.Info("session begun")
		}
		if n := strings.Count(out.String(), "\n"); n != PerSecond {
			t.Errorf("%d lines a second later, want %d", n, PerSecond)
		}
		if !strings.Contains(out.String(), "dropped=9900") {
			t.Errorf("what was dropped is not said:\n%.200s", out.String())
		}
	})
}

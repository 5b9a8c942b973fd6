//go:build !race

// The race detector makes sync.Pool drop what it is given, so the stack allocates.

package hub

import "testing"

func TestVoiceAllocatesNothing(t *testing.T) {
	hub := newStub(t, "127.0.0.1:0")
	l, e, _ := joinHub(t, Config{URL: hub.server.URL})
	e.see(t, "up", func() bool { return e.ups == 1 })
	frame := make([]byte, 60)
	if n := testing.AllocsPerRun(1000, func() { _ = l.WriteOpus(frame, 0, false) }); n != 0 {
		t.Errorf("%v allocations a frame, want 0", n)
	}
}

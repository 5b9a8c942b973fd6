package port

import (
	"testing"
	"time"
)

// TestLoopWatch: penalties double, up to a limit, and are forgotten; a transmission that
// nobody follows begins the row anew.
func TestLoopWatch(t *testing.T) {
	l := loopWatch{penalty: 10 * time.Second}
	now := time.Duration(0)
	for i := range 10 {
		if got, want := l.loop(now), min(10*time.Second<<i, loopMost); got != want {
			t.Errorf("penalty %d is %v, want %v", i, got, want)
		}
		now = l.until
		if !l.tick(now) || l.on || l.tick(now) {
			t.Error("it is not over, or twice")
		}
	}
	if got := l.loop(now + loopForget + 1); got != 10*time.Second {
		t.Errorf("after an hour the penalty is %v", got)
	}
	l = loopWatch{penalty: time.Second}
	at := time.Duration(0)
	transmission := func(opens time.Duration) bool {
		at += 10 * time.Second
		l.transmit(true, at)
		l.transmit(false, at+2*time.Second)
		return opens > 0 && l.opened(at+2*time.Second+opens)
	}
	soon, later := loopLetGo/2, loopLetGo*2
	for i, opens := range []time.Duration{soon, soon, later, soon, soon, 0, soon, soon, soon} {
		if got := transmission(opens); got != (i == 8) {
			t.Errorf("transmission %d: %v", i, got)
		}
	}
}

package squelch

import (
	"testing"
	"time"
)

// TestLoopGuard: penalties double, up to a limit, and are forgotten; a transmission that
// nobody follows begins the row anew.
func TestLoopGuard(t *testing.T) {
	l := LoopGuard{Penalty: 10 * time.Second}
	now := time.Duration(0)
	for i := range 10 {
		if got, want := l.Bar(now), min(10*time.Second<<i, maxPenalty); got != want {
			t.Errorf("penalty %d is %v, want %v", i, got, want)
		}
		now = l.until
		if !l.Tick(now) || l.on || l.Tick(now) {
			t.Error("it is not over, or twice")
		}
	}
	if got := l.Bar(now + forgetPenalty + 1); got != 10*time.Second {
		t.Errorf("after an hour the penalty is %v", got)
	}
	l = LoopGuard{Penalty: time.Second}
	at := time.Duration(0)
	transmission := func(opens time.Duration) bool {
		at += 10 * time.Second
		l.Transmit(true, at)
		l.Transmit(false, at+2*time.Second)
		return opens > 0 && l.Opened(at+2*time.Second+opens)
	}
	soon, later := followsUnkeyed/2, followsUnkeyed*2
	for i, opens := range []time.Duration{soon, soon, later, soon, soon, 0, soon, soon, soon} {
		if got := transmission(opens); got != (i == 8) {
			t.Errorf("transmission %d: %v", i, got)
		}
	}
}

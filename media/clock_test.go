package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPlayClockDoesNotTremble(t *testing.T) {
	const period = 480
	rng := rand.New(rand.NewPCG(1, 2))
	var c playClock
	start := time.Unix(1000, 0)
	last := time.Time{}
	var at time.Time
	for i := range 3000 { // a card 0.1 % slow whose driver asks for two periods at once
		due := start.Add(time.Duration(i/2) * 20020 * time.Microsecond)
		at = c.ask(due.Add(time.Duration(rng.IntN(4000))*time.Microsecond), period)
		if step := at.Sub(last) - 10*time.Millisecond; i > 500 && step.Abs() > time.Millisecond/2 {
			t.Fatalf("period %d asked for %v off the beat", i, step)
		}
		last = at
	}
	if off := at.Sub(start.Add(1499 * 20020 * time.Microsecond)); off.Abs() > 10*time.Millisecond {
		t.Errorf("%v off after 30 s, want it to follow the card", off)
	}
	later := at.Add(time.Second)
	if got := c.ask(later, period); !got.Equal(later) {
		t.Errorf("after a second without requests the clock says %v, want %v", got, later)
	}
}

package audio

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
)

func TestStallIsLooksInARow(t *testing.T) {
	var s stall
	calls := uint64(0)
	for range 100 {
		for range stallLooks - 1 {
			if s.look(calls) {
				t.Fatal("a card that moves stands still")
			}
		}
		calls += 3
		if s.look(calls) {
			t.Fatal("a call counts for nothing")
		}
	}
	for i := range stallLooks {
		if got, want := s.look(calls), i == stallLooks-1; got != want {
			t.Errorf("look %d: %v", i, got)
		}
	}
}

// TestUnderrunsAreNotDrift has crystals of all kinds, and a process that comes late
// now and then.
func TestUnderrunsAreNotDrift(t *testing.T) {
	buffer, period := duration(4*hal.PeriodSamples), duration(hal.PeriodSamples)
	for _, skew := range []float64{-0.05, -200e-6, 0, 200e-6, 0.05} {
		counted, late := 0, 0
		last, now := time.Time{}, time.Now()
		for i := range 60000 { // ten minutes
			step := time.Duration(float64(period) * (1 + skew))
			if i%1000 == 999 {
				step, late = 2*buffer, late+1
			}
			now = now.Add(step)
			if ranEmpty(last, now, buffer) {
				counted++
			}
			last = now
		}
		if counted != late {
			t.Errorf("%v: %d underruns are counted, %d were", skew, counted, late)
		}
	}
}

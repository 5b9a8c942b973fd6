package media

import (
	"math"
	"testing"
	"time"
)

// The tone sounds from the first sample that the transmitter is keyed to the last, at
// its level, and its phase is turned once, 150 ms before the end.
func TestSubtoneTurnsItsPhaseBeforeTheEnd(t *testing.T) {
	k := NewKeying(KeyTiming{Lead: 100 * time.Millisecond, Tail: 200 * time.Millisecond, Limit: time.Minute})
	s := NewSubtone(100, -20)
	const period = 480
	var air []int16
	for n := range 300 {
		pcm := make([]int16, period)
		keyed := k.Process(pcm, n >= 10 && n < 60, false)
		s.Process(k, pcm)
		for _, x := range pcm {
			if !keyed && x != 0 {
				t.Fatal("sounds while nothing is keyed")
			}
		}
		if keyed {
			air = append(air, pcm...)
		}
	}
	if want := 20 * math.Log10(rmsOf(air)/32768); math.Abs(want+20) > 0.1 {
		t.Errorf("level %.1f dBFS, want -20", want)
	}
	turns, at := 0, 0
	for i := 480; i < len(air); i++ { // 100 Hz repeats each 480 samples
		if d := int(air[i]) + int(air[i-480]); turns == 0 && i%480 == 120 && d > -50 && d < 50 {
			turns, at = turns+1, i
		}
	}
	if left := len(air) - at; turns != 1 || left < 7200-960 || left > 7200+960 {
		t.Errorf("turned %d times, %d samples before the end, want once, %d before", turns, left, 7200)
	}
}

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

// The code sounds at its level from the first sample to the turn-off code, a tone of
// 134.4 Hz for the last 180 ms, and hardly anything of it is where speech is.
func TestDCSIsSentAndTurnedOff(t *testing.T) {
	code, err := ParseDCS("023N")
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeying(KeyTiming{Lead: 100 * time.Millisecond, Tail: 250 * time.Millisecond, Limit: time.Minute})
	s := NewDCS(code, -20)
	const period = 480
	var air []int16
	for n := range 400 {
		pcm := make([]int16, period)
		keyed := k.Process(pcm, n >= 10 && n < 160, false)
		s.Process(k, pcm)
		if keyed {
			air = append(air, pcm...)
		}
	}
	if got := 20 * math.Log10(rmsOf(air)/32768); math.Abs(got+20) > 0.3 {
		t.Errorf("level %.1f dBFS, want -20", got)
	}
	end := len(air) - samplesIn(turnOff)
	if share := shareAt(air[end:], DCSRate); share < 0.95 {
		t.Errorf("the turn-off code is %.2f of the end", share)
	}
	if share := shareAt(air[:end], DCSRate); share > 0.02 {
		t.Errorf("%.2f of the code is where the turn-off code is", share)
	}
	var speech float64
	for hz := 400.0; hz < 3000; hz += 10 {
		speech += shareAt(air[:end], hz)
	}
	if speech > 0.01 {
		t.Errorf("%.3f of the code is where speech is", speech)
	}
	for i := range DCSBits { // in the middle of each bit of the second word
		at := int((float64(DCSBits+i) + 0.8) * SampleRate / DCSRate)
		if want := code.Word()>>i&1 == 1; (air[at] > 0) != want {
			t.Errorf("bit %d is sent as %d", i, air[at])
		}
	}
}

// shareAt is the share of the power of pcm at hz.
func shareAt(pcm []int16, hz float64) float64 {
	var re, im, all float64
	for i, s := range pcm {
		w := 2 * math.Pi * hz * float64(i) / SampleRate
		re += float64(s) * math.Cos(w)
		im += float64(s) * math.Sin(w)
		all += float64(s) * float64(s)
	}
	return 2 * (re*re + im*im) / (all * float64(len(pcm)))
}

package media

import (
	"math"
	"testing"
)

// through is how many dB louder a tone is after e.
func through(e *Emphasis, hz float64) float64 {
	pcm := sine(hz, 1000, SampleRate)
	before := rmsOf(pcm[SampleRate/2:])
	e.Process(pcm)
	return 20 * math.Log10(rmsOf(pcm[SampleRate/2:])/before)
}

// TIA-603 wants 6 dB an octave from 300 to 3000 Hz, at most 1 dB above and 3 dB below.
func TestEmphasisFollowsTIA603(t *testing.T) {
	for _, hz := range []float64{300, 400, 500, 700, 1000, 1500, 2000, 2500, 3000} {
		slope := 20 * math.Log10(hz/1000)
		if got := through(NewDeEmphasis(), hz) + slope; got > 1 || got < -3 {
			t.Errorf("de-emphasis at %g Hz is off by %.1f dB", hz, got)
		}
		if got := through(NewPreEmphasis(), hz) - slope; got > 2 || got < -2 {
			t.Errorf("pre-emphasis at %g Hz is off by %.1f dB", hz, got)
		}
		if got := through(NewPreEmphasis(), hz) + through(NewDeEmphasis(), hz); math.Abs(got) > 1.2 {
			t.Errorf("at %g Hz one does not undo the other, by %.1f dB", hz, got)
		}
	}
}

func TestEmphasisNeverWraps(t *testing.T) {
	for _, e := range []*Emphasis{NewDeEmphasis(), NewPreEmphasis()} {
		pcm := make([]int16, SampleRate)
		for i := range pcm { // the loudest there is
			pcm[i] = int16(32767 * (1 - i/7%2*2))
		}
		in := append([]int16(nil), pcm...)
		e.Process(pcm)
		agree := 0
		for i := range pcm {
			if (pcm[i] < 0) == (in[i] < 0) {
				agree++
			}
		}
		if agree < len(pcm)/2 {
			t.Errorf("%d of %d samples keep their sign", agree, len(pcm))
		}
		if n := testing.AllocsPerRun(100, func() { e.Process(pcm[:480]) }); n != 0 {
			t.Errorf("%v allocations a period", n)
		}
	}
}

package detect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// TestMutingOfDigits: of a digit not one sample is heard; of the speech around it, all
// that is further away than the delay.
func TestMutingOfDigits(t *testing.T) {
	const period, digit = media.SampleRate / 100, media.SampleRate * 40 / 1000
	for _, key := range "123A456B789C*0#D" {
		for offset := 0; offset < period; offset += 100 {
			for _, dBFS := range []float64{-7, -20, -40} {
				r, m := NewRemote(nil), new(Muting)
				from := 48*period + offset
				to := from + digit
				pcm := make([]int16, 120*period)
				for i := range pcm {
					pcm[i] = int16(i%7 + 1) // speech, too soft to matter, and none of it 0
				}
				amplitude := math.MaxInt16 * math.Pow(10, dBFS/20) // of each tone
				k := slices.Index([]rune("123A456B789C*0#D"), key)
				low, high := []float64{697, 770, 852, 941}[k/4], []float64{1209, 1336, 1477, 1633}[k%4]
				for i := range digit {
					w := 2 * math.Pi * float64(i) / media.SampleRate
					pcm[from+i] = int16(amplitude * (math.Sin(low*w) + math.Sin(high*w)))
				}
				said := slices.Clone(pcm)
				for to, low := range periods(pcm) {
					r.Hear(low)
					m.Process(pcm[to-period:to], r.Digit())
				}
				pcm, said = pcm[MutingDelay:], said[:len(said)-MutingDelay]
				what := fmt.Sprintf("%c at %d, %g dBFS", key, offset, dBFS)
				for i, s := range pcm[from:to] {
					if s != 0 {
						t.Fatalf("%s: sample %d of %d is heard", what, i, digit)
					}
				}
				if !slices.Equal(pcm[:from-MutingDelay], said[:from-MutingDelay]) || !slices.Equal(pcm[to+MutingDelay:], said[to+MutingDelay:]) {
					t.Fatalf("%s: speech is missing", what)
				}
			}
		}
	}
	m, pcm := new(Muting), make([]int16, period)
	if n := testing.AllocsPerRun(100, func() { m.Process(pcm, true) }); n != 0 {
		t.Errorf("%v allocations a period", n)
	}
}

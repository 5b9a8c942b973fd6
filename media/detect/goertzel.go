package detect

import "math"

// goertzel is one bin of a Fourier transform (G. Goertzel, 1958).
type goertzel struct{ cos, sin, twice float64 }

func newGoertzel(hz, rate float64) goertzel {
	w := 2 * math.Pi * hz / rate
	return goertzel{math.Cos(w), math.Sin(w), 2 * math.Cos(w)}
}

// of is the bin of pcm; its phase is that at the last sample.
func (g goertzel) of(pcm []float64) (re, im float64) {
	var s1, s2 float64
	for _, x := range pcm {
		s1, s2 = x+g.twice*s1-s2, s1
	}
	return s1 - s2*g.cos, s2 * g.sin
}

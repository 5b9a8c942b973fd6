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
		s1, s2 = (x-s2)+g.twice*s1, s1
	}
	return s1 - s2*g.cos, s2 * g.sin
}

// fourOf are the bins of pcm for four of them at once: each is a chain in which a
// processor waits for itself, four fill its time.
func fourOf(a, b, c, d goertzel, pcm []float64) (re, im [4]float64) {
	var a1, a2, b1, b2, c1, c2, d1, d2 float64
	for _, x := range pcm {
		a1, a2 = (x-a2)+a.twice*a1, a1
		b1, b2 = (x-b2)+b.twice*b1, b1
		c1, c2 = (x-c2)+c.twice*c1, c1
		d1, d2 = (x-d2)+d.twice*d1, d1
	}
	re = [4]float64{a1 - a2*a.cos, b1 - b2*b.cos, c1 - c2*c.cos, d1 - d2*d.cos}
	im = [4]float64{a2 * a.sin, b2 * b.sin, c2 * c.sin, d2 * d.sin}
	return re, im
}

package audio

import "math"

// gain is a factor for samples.
type gain float64

func newGain(dB float64) gain { return gain(math.Pow(10, dB/20)) }

// apply changes pcm in place; what is too loud is clipped.
func (g gain) apply(pcm []int16) {
	if g == 1 {
		return
	}
	for i, s := range pcm {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(s)*float64(g)))))
	}
}

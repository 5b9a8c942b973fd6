package sound

import (
	"math"
	"sync/atomic"
)

// gain is a factor for samples, which may be changed while it is applied.
type gain struct{ bits atomic.Uint64 }

func newGain(dB float64) *gain {
	g := new(gain)
	g.SetGain(dB)
	return g
}

// SetGain implements hal.Gainer.
func (g *gain) SetGain(dB float64) { g.bits.Store(math.Float64bits(math.Pow(10, dB/20))) }

// apply changes pcm in place; what is too loud is clipped.
func (g *gain) apply(pcm []int16) {
	factor := math.Float64frombits(g.bits.Load())
	if factor == 1 {
		return
	}
	for i, s := range pcm {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(s)*factor))))
	}
}

package level

import (
	"math"
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

const (
	// gateDepth is what is left of the sound while the gate is shut, -40 dB: a
	// room is not heard, and its being cut off neither.
	gateDepth = 0.01
	// gateHysteresis is by how much (6 dB) a peak may lie below the threshold and
	// still keep the gate open.
	gateHysteresis = 0.5
	// gateHold bridges the gaps within speech (250 ms).
	gateHold = media.SampleRate / 4
	// The gate opens within a millisecond, so that no consonant is lost, and shuts
	// slowly, so that no last syllable is.
	gateAttack  = media.SampleRate / 4000
	gateRelease = media.SampleRate / 20
)

// gate mutes what has no peak above its threshold.
type gate struct {
	threshold       float64
	opening, ending float64 // part of the way to the target with each sample
	gain            float64
	hold            int // samples for which it stays open
	opened          atomic.Bool
}

func newGate(dBFS float64) *gate {
	return &gate{
		threshold: full * factor(dBFS), gain: gateDepth,
		opening: -math.Expm1(-1.0 / gateAttack), ending: -math.Expm1(-1.0 / gateRelease),
	}
}

// process changes pcm, and reports whether the gate is open.
func (g *gate) process(pcm []float64) (open bool) {
	hold, gain := g.hold, g.gain
	for i, x := range pcm {
		switch top := math.Abs(x); {
		case top >= g.threshold, hold > 0 && top >= g.threshold*gateHysteresis:
			hold = gateHold
		case hold > 0:
			hold--
		}
		if hold > 0 {
			gain = gain*(1-g.opening) + g.opening
		} else {
			gain = gain*(1-g.ending) + gateDepth*g.ending
		}
		pcm[i] = x * gain
	}
	g.hold, g.gain = hold, gain
	open = hold > 0
	if open != g.opened.Load() {
		g.opened.Store(open)
	}
	return open
}

package level

import (
	"math"
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

const (
	// agcWindow is the time constant of the level that is controlled (50 ms).
	agcWindow = media.SampleRate / 20
	// Too loud is put right at once, too soft slowly: gain that grew in every gap
	// between words would pump. In dB per second.
	agcFall = 60.0
	agcRise = 10.0
	// agcCut is the most that is turned down, in dB.
	agcCut = 20.0
	// agcIdle is how far below what the most gain can mend sound is taken for no
	// speech, in dB: the gain then stays as it is.
	agcIdle = 6.0
)

// agc brings speech to one level.
type agc struct {
	target, most, least float64
	idle                float64 // mean square below which nothing is learned
	rise, fall          float64 // factors of a sample
	window              float64

	square, gain float64
	shown        atomic.Uint64 // float64 bits of the gain in dB
}

func newAGC(target, most float64) *agc {
	quiet := full * factor(target-most-agcIdle)
	return &agc{
		target: full * factor(target), most: factor(most), least: factor(-agcCut), idle: quiet * quiet,
		rise: factor(agcRise / media.SampleRate), fall: factor(-agcFall / media.SampleRate),
		window: -math.Expm1(-1.0 / agcWindow), gain: 1,
	}
}

// process changes pcm. speech says that it is worth learning from.
func (a *agc) process(pcm []float64, speech bool) {
	square, gain := a.square, a.gain
	for i, x := range pcm {
		square = square*(1-a.window) + x*x*a.window
		if speech && square > a.idle {
			// Not min and max, which take longer than all the rest: for the sake of NaN.
			if gain*gain*square > a.target*a.target {
				if gain *= a.fall; gain < a.least {
					gain = a.least
				}
			} else if gain *= a.rise; gain > a.most {
				gain = a.most
			}
		}
		pcm[i] = x * gain
	}
	if square < 1e-9 { // as with a filter that has died away
		square = 0
	}
	if a.square = square; gain != a.gain {
		a.gain = gain
		a.shown.Store(math.Float64bits(20 * math.Log10(gain)))
	}
}

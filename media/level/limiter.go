package level

import (
	"math"
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

const (
	// lookAhead is by how much a limiter delays: 5 ms, over which it turns down
	// before a peak, as no ear can hear.
	lookAhead = media.SampleRate / 200
	// Ceiling is what no sample is above, -1 dBFS.
	Ceiling = 29204
	// limitRelease is the time constant of coming up again (100 ms).
	limitRelease = media.SampleRate / 10
	// unity is the gain 1. Whole numbers add up without error for ever.
	unity = 1 << 30
)

// limiter turns down before a peak instead of clipping it. The gain that each
// sample needs is held for as long as the limiter looks ahead, then averaged over
// as long: the average of gains that are all low enough for a peak is low enough,
// and has no edges.
type limiter struct {
	delay [lookAhead]float64
	need  window           // gains that the samples of the delay need
	held  [lookAhead]int64 // least gains, of which the average is taken
	pos   int
	sum   int64 // of held
	gain  int64 // the least gain, coming up again

	limited atomic.Uint64
}

func newLimiter() *limiter {
	l := &limiter{sum: lookAhead * unity, gain: unity}
	for i := range l.held {
		l.held[i] = unity
	}
	return l
}

func (l *limiter) process(pcm []float64) {
	if l.sum == lookAhead*unity && !tooLoud(pcm) && l.need.same(unity, len(pcm)) {
		for i, x := range pcm {
			pcm[i] = l.swap(x)
		}
		return
	}
	limited := uint64(0)
	for i, x := range pcm {
		need := int64(unity)
		if top := math.Abs(x); top > Ceiling {
			need = int64(Ceiling / top * unity)
		}
		l.gain = min(l.gain+(unity-l.gain)/limitRelease+1, unity, l.need.add(need))
		l.sum += l.gain - l.held[l.pos]
		l.held[l.pos] = l.gain
		pcm[i] = l.swap(x)
		if l.sum < lookAhead*unity {
			pcm[i] *= float64(l.sum) / (lookAhead * unity)
			limited++
		}
	}
	if limited > 0 {
		l.limited.Add(limited)
	}
}

// swap returns the sample before which the limiter looks ahead, and keeps x.
func (l *limiter) swap(x float64) float64 {
	x, l.delay[l.pos] = l.delay[l.pos], x
	if l.pos++; l.pos == lookAhead {
		l.pos = 0
	}
	return x
}

func tooLoud(pcm []float64) bool {
	for _, x := range pcm {
		if x > Ceiling || x < -Ceiling {
			return true
		}
	}
	return false
}

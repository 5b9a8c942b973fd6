package sim

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Tap is given each period that a loudspeaker plays, and when its first sample
// is heard. It runs on the card's goroutine: it does not block and keeps nothing
// of period.
type Tap func(at time.Time, period []int16)

// Speaker is the card's loudspeaker. It implements hal.Playback.
//
// It runs freely, as a card does: a period for which fill comes too late is
// heard as silence, and fill is not asked for it any more.
type Speaker struct {
	device
	clock
	latency   time.Duration
	tap       atomic.Pointer[Tap]
	level     atomic.Uint64 // bits of the mean square of the last period
	underruns atomic.Uint64
}

// NewSpeaker returns a loudspeaker that plays what it was given after latency,
// which is also how late fill may come; its errors call it name.
func NewSpeaker(name string, latency time.Duration) *Speaker {
	return &Speaker{device: newDevice(name), latency: latency}
}

// Play implements hal.Playback.
func (s *Speaker) Play(fill func(period []int16)) error {
	buf := make([]int16, hal.PeriodSamples)
	for next := uint64(0); s.wait(next, s.done); next += hal.PeriodSamples {
		heard := s.start().Add(duration(next) + s.latency)
		if time.Now().After(heard) {
			clear(buf)
			s.underruns.Add(1)
		} else {
			fill(buf)
		}
		s.level.Store(math.Float64bits(meanSquare(buf)))
		if tap := s.tap.Load(); tap != nil {
			(*tap)(heard, buf)
		}
	}
	return s.Err()
}

// Latency implements hal.Playback.
func (s *Speaker) Latency() time.Duration { return s.latency }

// SetTap lets tap listen, in place of the one before it; nil ends that.
func (s *Speaker) SetTap(tap Tap) {
	if tap == nil {
		s.tap.Store(nil)
		return
	}
	s.tap.Store(&tap)
}

// Level is how loud the last period was, RMS in dB below full scale; silence is
// -Inf.
func (s *Speaker) Level() float64 {
	return 10 * math.Log10(math.Float64frombits(s.level.Load()))
}

// Underruns is how many periods were heard as silence because fill came late.
func (s *Speaker) Underruns() uint64 { return s.underruns.Load() }

// Freeze stalls the card, without an error, until it is thawed.
func (s *Speaker) Freeze(frozen bool) { s.frozen.Store(frozen) }

// meanSquare is the power of pcm, full scale being 1.
func meanSquare(pcm []int16) float64 {
	var sum float64
	for _, v := range pcm {
		x := float64(v) / (1 << 15)
		sum += x * x
	}
	return sum / float64(len(pcm))
}

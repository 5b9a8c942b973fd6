package media

import (
	"math"
	"time"
)

// reverseBurst is how long before a transmitter is let go the phase of its tone is
// turned, so that receivers close before they hear the noise (TIA-603).
const reverseBurst = 150 * time.Millisecond

// Subtone adds a sub-audible tone (CTCSS) to what a transmitter sends while it is
// keyed. One goroutine uses it; nothing in it allocates.
type Subtone struct {
	amplitude   float64
	step, phase float64 // radians
	turned      bool
}

// NewSubtone returns a tone of hz at a level in dBFS (RMS).
func NewSubtone(hz, level float64) *Subtone {
	return &Subtone{amplitude: 32768 * math.Sqrt2 * math.Pow(10, level/20), step: 2 * math.Pi * hz / SampleRate}
}

// Process adds the tone to period, which k has processed last, if the transmitter is
// keyed. In the last 150 ms of k's tail its phase is turned by 180 degrees.
func (s *Subtone) Process(k *Keying, period []int16) {
	if !k.on {
		s.phase, s.turned = 0, false
		return
	}
	if ends := k.ends(samplesIn(reverseBurst)); ends != s.turned {
		s.turned = ends
		s.phase += math.Pi
	}
	for i, x := range period {
		period[i] = limit(int32(x) + int32(s.amplitude*math.Sin(s.phase)))
		s.phase += s.step
	}
	s.phase = math.Mod(s.phase, 2*math.Pi)
}

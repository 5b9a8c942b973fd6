package output

import (
	"sync"

	"github.com/talkgate/talkgate/hal"
)

// Volume is the gain of the loudspeaker in decibels. In an emergency it is at least the
// emergency's. Any goroutine may use it.
type Volume struct {
	card  hal.Gainer // nil where the card has no gain
	least float64    // in an emergency

	mu        sync.Mutex
	gain      float64
	emergency bool
}

// NewVolume makes the volume of a loudspeaker, and changes nothing yet. A card that is no
// hal.Gainer has none.
func NewVolume(speaker hal.Playback, gain, emergency float64) *Volume {
	card, _ := speaker.(hal.Gainer)
	return &Volume{card: card, gain: gain, least: emergency}
}

// Set sets the gain without an emergency.
func (v *Volume) Set(gain float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gain = gain
	v.apply()
}

// Emergency begins or ends an emergency.
func (v *Volume) Emergency(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.emergency = on
	v.apply()
}

func (v *Volume) apply() {
	gain := v.gain
	if v.emergency {
		gain = max(gain, v.least)
	}
	if v.card != nil {
		v.card.SetGain(gain)
	}
}

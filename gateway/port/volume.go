package port

import (
	"sync"

	"github.com/talkgate/talkgate/hal"
)

// volume is the gain of the loudspeaker, in decibels: what it is set to or, in an
// emergency, at least so much.
type volume struct {
	mu        sync.Mutex
	card      hal.Gainer // nil where it has none
	gain      float64
	least     float64
	emergency bool
}

// set sets what it is without an emergency.
func (v *volume) set(gain float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gain = gain
	v.apply()
}

// override begins or ends an emergency.
func (v *volume) override(emergency bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.emergency = emergency
	v.apply()
}

func (v *volume) apply() {
	gain := v.gain
	if v.emergency {
		gain = max(gain, v.least)
	}
	if v.card != nil {
		v.card.SetGain(gain)
	}
}

package media

import (
	"sync/atomic"
	"time"
)

// KeyStats is what became of a transmitter since the start.
type KeyStats struct {
	Keyed     time.Duration `json:"keyed"`     // altogether
	Lost      time.Duration `json:"lost"`      // speech beyond limit, duty cycle or hold
	Waiting   time.Duration `json:"waiting"`   // speech that waits for the radio to be free
	CoolDowns uint64        `json:"coolDowns"` // how often the duty cycle let go of it
	Cooling   bool          `json:"cooling"`   // whether it cools down now
}

// keyCounts are in samples.
type keyCounts struct {
	keyed, lost, waiting, coolDowns atomic.Uint64
	cooling                         atomic.Bool
}

// Stats may be called from any goroutine.
func (k *Keying) Stats() KeyStats {
	of := func(samples *atomic.Uint64) time.Duration {
		return time.Duration(samples.Load()) * time.Second / SampleRate
	}
	return KeyStats{
		Keyed: of(&k.stats.keyed), Lost: of(&k.stats.lost), Waiting: of(&k.stats.waiting),
		CoolDowns: k.stats.coolDowns.Load(), Cooling: k.stats.cooling.Load(),
	}
}

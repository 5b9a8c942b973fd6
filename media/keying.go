package media

import "time"

// KeyTiming is how a transmitter is keyed around speech.
type KeyTiming struct {
	// Lead is how long the transmitter is keyed before the first syllable, to
	// come up and open the squelches of those who listen. Speech waits for it.
	Lead time.Duration
	// Tail is how long it stays keyed after the last.
	Tail time.Duration
	// Limit is the longest it is keyed without a pause; 0 is without end. What
	// is said beyond it is not sent.
	Limit time.Duration
}

// Keying is the stage of the audio path before a transmitter: it delays speech
// by the lead and says when the transmitter is to be keyed. It counts samples,
// not time. One goroutine uses it; nothing in it allocates.
type Keying struct {
	tail, limit int
	line        []int16 // what waits for the lead
	pos         int

	hold   int  // samples for which the transmitter stays keyed
	keyed  int  // samples for which it has been keyed
	barred bool // the limit was reached; until speech pauses
}

// NewKeying returns a stage that has sent nothing.
func NewKeying(t KeyTiming) *Keying {
	return &Keying{
		tail:  samplesIn(t.Tail),
		limit: samplesIn(t.Limit),
		line:  make([]int16, samplesIn(t.Lead)),
	}
}

// Process takes in the next samples, which contain speech or do not, replaces
// them by those that are to sound now, and reports whether the transmitter is to
// be keyed from now on. What sounds while it is not is silence.
func (k *Keying) Process(period []int16, speech bool) (key bool) {
	switch {
	case !speech && k.hold == 0:
		k.barred, k.keyed = false, 0
	case speech && !k.barred:
		k.hold = len(period) + len(k.line) + k.tail
	}
	if k.limit > 0 && k.keyed >= k.limit {
		k.barred, k.hold = true, 0
	}
	k.delay(period)
	if k.hold == 0 {
		clear(period)
		return false
	}
	k.hold = max(0, k.hold-len(period))
	k.keyed += len(period)
	return true
}

// delay exchanges period for what came the lead before it.
func (k *Keying) delay(period []int16) {
	if len(k.line) == 0 {
		return
	}
	for i := range period {
		period[i], k.line[k.pos] = k.line[k.pos], period[i]
		if k.pos++; k.pos == len(k.line) {
			k.pos = 0
		}
	}
}

func samplesIn(d time.Duration) int { return int(d * SampleRate / time.Second) }

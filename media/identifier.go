package media

import (
	"sync/atomic"
	"time"
)

// Ident is what a station calls itself on the air.
type Ident struct {
	Sound []int16       // nil is nothing
	Every time.Duration // at the latest, while it is used
}

const (
	// identPause is how long a pause has to be for an identification to begin in
	// it: 50 ms, while the transmitter is still keyed. identWait is how long one is
	// waited for: then it is sounded over speech.
	identPause = SampleRate / 20
	identWait  = 30 * SampleRate
)

// Identifier is the stage of the audio path before Keying: it sounds an Ident after
// the first speech, and then as often as it says, if there was speech since. It counts
// samples, not time. One goroutine uses it, but for Sent; nothing in it allocates.
type Identifier struct {
	sound []int16
	every int

	since int  // samples since the last identification began
	used  bool // speech has been heard since
	quiet int  // samples without speech
	late  int  // samples for which an identification has been due
	left  []int16

	sent atomic.Uint64
	due  atomic.Bool
}

// NewIdentifier returns a stage that has identified nobody yet: the first speech is
// followed by it.
func NewIdentifier(id Ident) *Identifier {
	return &Identifier{sound: id.Sound, every: samplesIn(id.Every), since: samplesIn(id.Every)}
}

// Process takes in the next samples, which contain speech or do not, adds what is to
// sound of the identification, and reports whether there is anything to hear.
func (d *Identifier) Process(period []int16, speech bool) (sounds bool) {
	if len(d.sound) == 0 {
		return speech
	}
	d.since += len(period)
	if d.quiet += len(period); speech {
		d.quiet, d.used = 0, true
	}
	if d.used && d.since >= d.every {
		d.late += len(period)
	}
	if d.late > 0 && (d.quiet >= identPause || d.late >= identWait) && len(d.left) == 0 {
		d.left, d.since, d.late, d.used = d.sound, 0, 0, false
		d.sent.Add(1)
	}
	d.due.Store(d.late > 0)
	if len(d.left) == 0 {
		return speech
	}
	n := min(len(period), len(d.left))
	for i, s := range d.left[:n] {
		period[i] = limit(int32(period[i]) + int32(s))
	}
	d.left = d.left[n:]
	return true
}

// Due is whether an identification waits for a pause; any goroutine may ask.
func (d *Identifier) Due() bool { return d.due.Load() }

// Sent counts the identifications that were begun; any goroutine may ask.
func (d *Identifier) Sent() uint64 { return d.sent.Load() }

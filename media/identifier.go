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

// Identifier is the stage of the audio path around Keying: it sounds an Ident after
// the first speech on the air, and then as often as it says, if there was speech since.
// It waits while the transmitter may not be keyed, and does it again when one was not
// sent whole. It counts samples, not time. One goroutine uses it, but for Sent and Due;
// nothing in it allocates.
type Identifier struct {
	sound []int16
	every int

	since int  // samples since the last identification began
	used  bool // speech has been on the air since
	quiet int  // samples without speech
	late  int  // samples for which an identification has been due

	begun  bool // and not known to be sent
	left   []int16
	flight int // samples until the last of it is on the air
	missed uint64

	sent atomic.Uint64
	due  atomic.Bool
}

// NewIdentifier returns a stage that has identified nobody yet: the first speech is
// followed by it.
func NewIdentifier(id Ident) *Identifier {
	return &Identifier{sound: id.Sound, every: samplesIn(id.Every), since: samplesIn(id.Every)}
}

// Process is k.Process, with what is to sound of the identification added to period.
func (d *Identifier) Process(k *Keying, period []int16, speech, taken bool) (key bool) {
	if len(d.sound) == 0 {
		return k.Process(period, speech, taken)
	}
	sounds := d.add(period, speech, k.ready(taken))
	key = k.Process(period, sounds, taken)
	d.follow(k, len(period), speech)
	return key
}

// add adds what is to sound of the identification, and reports whether there is
// anything to hear.
func (d *Identifier) add(period []int16, speech, ready bool) (sounds bool) {
	d.since += len(period)
	if d.quiet += len(period); speech {
		d.quiet = 0
	}
	if d.used && d.since >= d.every && !d.begun {
		d.late += len(period)
	}
	if d.late > 0 && ready && (d.quiet >= identPause || d.late >= identWait) {
		d.begun, d.left, d.since, d.late, d.used = true, d.sound, 0, 0, false
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
	d.flight = -1
	return true
}

// follow processes what k made of the last n samples.
func (d *Identifier) follow(k *Keying, n int, speech bool) {
	d.used = d.used || k.accepted && (speech || !d.begun)
	switch {
	case !d.begun:
		d.missed = k.missed
	case k.missed != d.missed:
		d.begun, d.left, d.since, d.used = false, nil, d.every, true
	case len(d.left) > 0:
	case d.flight < 0:
		d.flight = len(k.line) + k.backlog.n
	default:
		d.flight -= n
	}
	if d.begun && len(d.left) == 0 && d.flight >= 0 && d.flight < n {
		d.begun = false
		d.sent.Add(1)
	}
}

// Due is whether an identification waits for a pause; any goroutine may ask.
func (d *Identifier) Due() bool { return d.due.Load() }

// Sent counts the identifications that were on the air, whole; any goroutine may ask.
func (d *Identifier) Sent() uint64 { return d.sent.Load() }

package port

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Ear stands in for a COR line: it tells from what the microphone hears
// whether to talk.
type Ear interface {
	// Hear takes in low, the next that the card heard at detect.Rate, and the peak in
	// dBFS of what the loudspeaker is given. It reports whether it is open and, when
	// that has changed, how many samples of the card before the end of low. It neither
	// blocks nor allocates.
	Hear(low []float64, loudspeaker float64) (open bool, ago int)
	// String is what it goes by, for people.
	String() string
}

// heardLine is a line that an Ear moves. It implements hal.Input. The
// microphone's goroutine moves it and never waits: edges that nobody takes, more than
// the channel holds, are lost, and the line counts as not followed.
type heardLine struct {
	ear    Ear
	level  func() float64 // of the loudspeaker
	active atomic.Bool
	edges  chan hal.Edge
}

func newHeardLine(e Ear, level func() float64) *heardLine {
	return &heardLine{ear: e, level: level, edges: make(chan hal.Edge, 64)}
}

// hear takes in what the microphone heard up to at.
func (l *heardLine) hear(low []float64, at time.Time) {
	open, ago := l.ear.Hear(low, l.level())
	if open == l.active.Load() {
		return
	}
	l.active.Store(open)
	select {
	case l.edges <- hal.Edge{Active: open, At: at.Add(-samplesTime(ago))}:
	default:
	}
}

// Active implements hal.Input.
func (l *heardLine) Active() (bool, error) { return l.active.Load(), nil }

// Edges implements hal.Input. It stays open: the microphone tells when it is gone.
func (l *heardLine) Edges() <-chan hal.Edge { return l.edges }

// Err implements hal.Input.
func (l *heardLine) Err() error { return nil }

// Close implements hal.Input. There is nothing to close.
func (l *heardLine) Close() error { return nil }

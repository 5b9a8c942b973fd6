package squelch

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// Detector stands in for a COR line: it detects in the microphone's sound (VOX, CTCSS)
// that the radio receives.
type Detector interface {
	// Hear applies the next sound of the microphone at detect.Rate, and the peak in dBFS
	// of what the loudspeaker plays. It reports whether the squelch is open and, when
	// that changed, how many samples of the card (media.SampleRate) before the end of
	// low. It neither blocks nor allocates.
	Hear(low []float64, loudspeaker float64) (open bool, ago int)
	// String names it for people.
	String() string
}

// edgeRoom is how many edges of a Detected line may wait to be read.
const edgeRoom = 64

// Detected is a line that a Detector moves. It implements hal.Input. The microphone's
// goroutine moves it and never waits: an edge for which there is no room is lost, and
// hal.Followed then reports that the line is not followed.
type Detected struct {
	detector    Detector
	loudspeaker func() float64 // peak, in dBFS
	active      atomic.Bool
	edges       chan hal.Edge
}

// NewDetected makes the line of d. loudspeaker is the peak of what the loudspeaker plays,
// in dBFS.
func NewDetected(d Detector, loudspeaker func() float64) *Detected {
	return &Detected{detector: d, loudspeaker: loudspeaker, edges: make(chan hal.Edge, edgeRoom)}
}

// Hear applies the sound that the microphone captured up to at.
func (l *Detected) Hear(low []float64, at time.Time) {
	open, ago := l.detector.Hear(low, l.loudspeaker())
	if open == l.active.Load() {
		return
	}
	l.active.Store(open)
	select {
	case l.edges <- hal.Edge{Active: open, At: at.Add(-media.SamplesTime(ago))}:
	default:
	}
}

// Active implements hal.Input.
func (l *Detected) Active() (bool, error) { return l.active.Load(), nil }

// Edges implements hal.Input. The channel stays open: the capture loop reports a
// microphone that is gone.
func (l *Detected) Edges() <-chan hal.Edge { return l.edges }

// Err implements hal.Input.
func (l *Detected) Err() error { return nil }

// Close implements hal.Input. There is nothing to close.
func (l *Detected) Close() error { return nil }

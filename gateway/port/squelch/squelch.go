// Package squelch decides from a radio's squelch line (COR) when the radio asks for the
// floor, and finds loops: a radio that hears what its own channel says.
//
// Its state machines are pure. Time comes with each call and is on the port's monotonic
// clock.
package squelch

import "time"

// Timing is how a radio's squelch (COR) talks. The zero value talks while the squelch is
// open.
type Timing struct {
	// OpenDelay is how long the squelch has to be open before it talks. What was said
	// meanwhile is sent all the same.
	OpenDelay time.Duration
	// Hang is how long the floor is kept after the squelch closed, in case it opens
	// again. No sound of the gap is sent.
	Hang time.Duration
	// Tail is how much sound before the closing is not sent: the noise burst that
	// closed the squelch. A Detector needs that time to notice the closing. All speech
	// of the port is sent later by Tail.
	Tail time.Duration
	// Deaf is how long the squelch is ignored after the transmitter was unkeyed.
	Deaf time.Duration
	// Chatter is the number of openings in a row, each shorter than ChatterTime, that
	// count as noise. From then on the squelch has to be open for ChatterTime to talk,
	// until it once was. 0 turns this off.
	Chatter     int
	ChatterTime time.Duration
	// Loop is how long the squelch is ignored once a loop was found. Each further loop
	// doubles it, up to 10 minutes. The button talks all the while. 0 turns loop
	// detection off. It needs a COR line, or a Detector and a transmitter.
	Loop time.Duration
	// Late is how long after an edge the driver reports it.
	Late time.Duration
}

// Reach is how long before a press its talk spurt may begin.
func (t Timing) Reach() time.Duration {
	if t.Chatter > 0 {
		return max(t.OpenDelay, t.ChatterTime)
	}
	return t.OpenDelay
}

// Lag is how much later speech is sent than it could be, so that the tail can still be
// cut when the squelch closes.
func (t Timing) Lag() time.Duration {
	if t.Tail == 0 {
		return 0
	}
	return t.Tail + t.Late + 20*time.Millisecond
}

// Phase is the state of a Squelch.
type Phase uint8

// Phases of a Squelch.
const (
	Closed  Phase = iota
	Opening       // open, but not yet for OpenDelay
	Open          // open, and talking
	Hanging       // closed, but not yet for Hang
)

// String names the phase for people.
func (p Phase) String() string {
	return [...]string{"closed", "opening", "open", "held"}[p]
}

// Squelch turns the edges of a COR line into the times at which it asks for the floor.
type Squelch struct {
	Timing
	phase Phase
	line  bool // level of the line
	keyed bool // the transmitter is keyed, so the line is ignored
	deaf  time.Duration

	opened, closed time.Duration // edges that begin and end the present talk spurt
	since          time.Duration // the latest opening
	short          int           // short openings in a row
	ignored        uint64        // openings that did not talk
}

// New makes a closed Squelch.
func New(t Timing) *Squelch { return &Squelch{Timing: t} }

// Phase is the present state.
func (s *Squelch) Phase() Phase { return s.phase }

// Opened is the opening that begins the present or latest talk spurt.
func (s *Squelch) Opened() time.Duration { return s.opened }

// Reopened is the latest opening, which may be within a talk spurt.
func (s *Squelch) Reopened() time.Duration { return s.since }

// Ended is where the speech of the latest talk spurt ends: Tail before the closing.
func (s *Squelch) Ended() time.Duration { return s.closed - s.Tail }

// Asks reports whether the squelch asks for the floor.
func (s *Squelch) Asks() bool { return s.phase == Open || s.phase == Hanging }

// Deafened reports whether the line is active and ignored because of the transmitter.
func (s *Squelch) Deafened() bool { return s.line && (s.keyed || s.deaf > 0) }

// Chatters reports whether short openings count as noise at present.
func (s *Squelch) Chatters() bool { return s.Chatter > 0 && s.short >= s.Chatter }

func (s *Squelch) delay() time.Duration {
	if s.Chatters() {
		return max(s.OpenDelay, s.ChatterTime)
	}
	return s.OpenDelay
}

// Edge applies a level of the line.
func (s *Squelch) Edge(open bool, at time.Duration) {
	s.Tick(at)
	s.line = open
	s.follow(at)
}

// Transmit applies whether the transmitter is keyed. A squelch whose transmitter
// interlocks ignores the line while it is.
func (s *Squelch) Transmit(keyed bool, at time.Duration) {
	if keyed == s.keyed {
		return
	}
	s.keyed = keyed
	if !keyed {
		s.deaf = at + s.Deaf
	}
	s.Tick(at)
}

// Retime changes the timing if the squelch is closed. Tail and Late stay: they are
// part of the delay of all speech.
func (s *Squelch) Retime(t Timing) {
	if s.phase == Closed {
		t.Tail, t.Late = s.Tail, s.Late
		s.Timing = t
	}
}

// Reset closes the squelch until the line opens anew.
func (s *Squelch) Reset() { s.line, s.phase = false, Closed }

// Tick applies the passing of time.
func (s *Squelch) Tick(now time.Duration) {
	if now >= s.deaf {
		s.deaf = 0
	}
	s.follow(now)
	switch s.phase {
	case Opening:
		if now >= s.opened+s.delay() {
			if s.Chatters() {
				s.short = 0
			}
			s.phase, s.since = Open, s.opened
		}
	case Hanging:
		if now >= s.closed+s.Hang {
			s.phase = Closed
		}
	case Closed, Open:
	}
}

// follow brings the phase in line with the line.
func (s *Squelch) follow(at time.Duration) {
	open := s.line && !s.keyed && s.deaf == 0
	switch s.phase {
	case Closed:
		if open {
			s.phase, s.opened = Opening, at
		}
	case Hanging:
		if open {
			s.phase, s.since = Open, at
		}
	case Opening:
		if !open {
			s.phase = Closed
			s.short++
			s.ignored++
		}
	case Open:
		if open {
			return
		}
		if s.closed = at; at-s.since < s.ChatterTime {
			s.short++
		} else {
			s.short = 0
		}
		s.phase = Hanging
		if s.Hang == 0 || s.Chatters() {
			s.phase = Closed
		}
	}
}

// Wake is when Tick has to be called next; ok is false where that is never.
func (s *Squelch) Wake() (at time.Duration, ok bool) {
	switch s.phase {
	case Opening:
		at, ok = s.opened+s.delay(), true
	case Hanging:
		at, ok = s.closed+s.Hang, true
	case Closed, Open:
	}
	if s.line && !s.keyed && s.deaf > 0 && (!ok || s.deaf < at) {
		at, ok = s.deaf, true
	}
	return at, ok
}

package port

import "time"

// SquelchTiming is how a radio's squelch (COR) talks. The zero value talks while
// it is open.
type SquelchTiming struct {
	// OpenDelay is how long it has to be open to talk. What was said meanwhile is
	// sent all the same.
	OpenDelay time.Duration
	// Hang is how long after it has closed the floor is kept, should it open again.
	// Nothing of the sound between is sent.
	Hang time.Duration
	// Tail is how much before it closes is not sent: the noise that made it close, or
	// by which an Ear tells late that it has. All speech of the port is sent so much later.
	Tail time.Duration
	// Deaf is how long it is not listened to after the transmitter was let go.
	Deaf time.Duration
	// Chatter openings in a row that are shorter than ChatterTime are taken for
	// noise: then it has to be open for ChatterTime to talk, until it once was. 0
	// is never.
	Chatter     int
	ChatterTime time.Duration
	// Loop is how long it is not listened to, but for a button, once what the channel
	// says came back by it; each time it is twice as long as before, up to 10 minutes.
	// 0 is never. It needs a COR line, or an Ear and a transmitter.
	Loop time.Duration
	// Late is how long after an edge the driver tells of it.
	Late time.Duration
}

// reach is how long before a press what it sends may begin.
func (t SquelchTiming) reach() time.Duration {
	if t.Chatter > 0 {
		return max(t.OpenDelay, t.ChatterTime)
	}
	return t.OpenDelay
}

// lag is how much later than it could be speech is sent, so that its end can
// still be cut when the squelch closes.
func (t SquelchTiming) lag() time.Duration {
	if t.Tail == 0 {
		return 0
	}
	return t.Tail + t.Late + 20*time.Millisecond
}

// squelchPhase is where a squelch stands.
type squelchPhase uint8

const (
	squelchClosed  squelchPhase = iota
	squelchOpening              // open, not for long enough
	squelchOpen                 // talks
	squelchHanging              // closed, not for long enough
)

// String is a word for people.
func (p squelchPhase) String() string {
	return [...]string{"closed", "opening", "open", "held"}[p]
}

// squelch makes of the edges of a COR line when it talks. It is pure: time comes
// with each call.
type squelch struct {
	SquelchTiming
	phase squelchPhase
	line  bool // the line's level
	keyed bool // the transmitter is, and the squelch is not listened to
	deaf  time.Duration

	// opened and closed are the edges that the present talk spurt begins and ends
	// with, since is the latest opening.
	opened, closed, since time.Duration
	short                 int    // short openings in a row
	ignored               uint64 // openings that did not talk
}

// asks reports whether it asks for the floor.
func (s *squelch) asks() bool { return s.phase == squelchOpen || s.phase == squelchHanging }

// chatters reports whether short openings are taken for noise at the moment.
func (s *squelch) chatters() bool { return s.Chatter > 0 && s.short >= s.Chatter }

func (s *squelch) delay() time.Duration {
	if s.chatters() {
		return max(s.OpenDelay, s.ChatterTime)
	}
	return s.OpenDelay
}

// edge takes in the line's level.
func (s *squelch) edge(open bool, at time.Duration) {
	s.tick(at)
	s.line = open
	s.follow(at)
}

// transmit takes in whether a transmitter is keyed that must not be listened to.
func (s *squelch) transmit(keyed bool, at time.Duration) {
	if keyed == s.keyed {
		return
	}
	s.keyed = keyed
	if !keyed {
		s.deaf = at + s.Deaf
	}
	s.tick(at)
}

// retime changes its timing, but for what all speech is later by, if it is closed.
func (s *squelch) retime(t SquelchTiming) {
	if s.phase == squelchClosed {
		t.Tail, t.Late = s.Tail, s.Late
		s.SquelchTiming = t
	}
}

// forget closes it until the line has been closed.
func (s *squelch) forget() { s.line, s.phase = false, squelchClosed }

// tick takes in that time has passed.
func (s *squelch) tick(now time.Duration) {
	if now >= s.deaf {
		s.deaf = 0
	}
	s.follow(now)
	switch s.phase {
	case squelchOpening:
		if now >= s.opened+s.delay() {
			if s.chatters() {
				s.short = 0
			}
			s.phase, s.since = squelchOpen, s.opened
		}
	case squelchHanging:
		if now >= s.closed+s.Hang {
			s.phase = squelchClosed
		}
	case squelchClosed, squelchOpen:
	}
}

// follow brings the phase in line with what is heard.
func (s *squelch) follow(at time.Duration) {
	open := s.line && !s.keyed && s.deaf == 0
	switch s.phase {
	case squelchClosed:
		if open {
			s.phase, s.opened = squelchOpening, at
		}
	case squelchHanging:
		if open {
			s.phase, s.since = squelchOpen, at
		}
	case squelchOpening:
		if !open {
			s.phase = squelchClosed
			s.short++
			s.ignored++
		}
	case squelchOpen:
		if open {
			return
		}
		if s.closed = at; at-s.since < s.ChatterTime {
			s.short++
		} else {
			s.short = 0
		}
		s.phase = squelchHanging
		if s.Hang == 0 || s.chatters() {
			s.phase = squelchClosed
		}
	}
}

// wake is when tick wants to be called; ok is false where that is never.
func (s *squelch) wake() (at time.Duration, ok bool) {
	switch s.phase {
	case squelchOpening:
		at, ok = s.opened+s.delay(), true
	case squelchHanging:
		at, ok = s.closed+s.Hang, true
	case squelchClosed, squelchOpen:
	}
	if s.line && !s.keyed && s.deaf > 0 && (!ok || s.deaf < at) {
		at, ok = s.deaf, true
	}
	return at, ok
}

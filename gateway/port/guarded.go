package port

import "time"

// guarded is a button that counts once it has been held for a time, and again once
// it has been let go and held again. It is pure: time comes with each call.
type guarded struct {
	hold  time.Duration
	armed bool
	since time.Duration
}

// edge takes in the button, and reports whether it counts.
func (g *guarded) edge(held bool, at time.Duration) (counts bool) {
	counts = g.tick(at)
	g.armed, g.since = held, at
	return counts
}

// tick takes in that time has passed, and reports whether the button counts.
func (g *guarded) tick(now time.Duration) (counts bool) {
	counts = g.armed && now >= g.since+g.hold
	g.armed = g.armed && !counts
	return counts
}

// wake is when tick wants to be called; ok is false where that is never.
func (g *guarded) wake() (at time.Duration, ok bool) { return g.since + g.hold, g.armed }

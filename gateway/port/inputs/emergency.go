package inputs

import "time"

// emergencyButton is the emergency button. Its goroutine is that of Run.
type emergencyButton struct {
	in     *Inputs
	button holdButton
}

func (b *emergencyButton) onEdge(held bool, at time.Duration) {
	if b.button.edge(held, at) {
		b.call(at)
	}
	if !held {
		b.in.cfg.Floor.EmergencyButton(false, at)
	}
}

func (b *emergencyButton) tick() {
	if now := b.in.now(); b.button.tick(now) {
		b.call(now)
	}
}

// call reports that the button was held for its guard time. A squelch mutes its own talk
// spurts; it does not mute an emergency.
func (b *emergencyButton) call(at time.Duration) {
	b.in.cfg.Muter.Unmute(b.in.sampleAt(at))
	b.in.cfg.Floor.EmergencyButton(true, at)
}

// holdButton is a button that has to be held for a time. It counts once each time that it
// is held. It is pure: time comes with each call.
type holdButton struct {
	hold  time.Duration
	armed bool
	since time.Duration
}

// edge applies a level of the button, and reports whether the button counts.
func (b *holdButton) edge(held bool, at time.Duration) (counts bool) {
	counts = b.tick(at)
	b.armed, b.since = held, at
	return counts
}

// tick applies the passing of time, and reports whether the button counts.
func (b *holdButton) tick(now time.Duration) (counts bool) {
	counts = b.armed && now >= b.since+b.hold
	b.armed = b.armed && !counts
	return counts
}

// wake is when tick has to be called next; ok is false where that is never.
func (b *holdButton) wake() (at time.Duration, ok bool) { return b.since + b.hold, b.armed }

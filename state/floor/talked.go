package floor

import "time"

// slots is into how many parts the window of the talk budget is divided.
const slots = 8

// Talked is how much was talked in the last window: in slots of an eighth of it,
// so that a slot counts as a whole until all of it is a window ago. Never too
// little is remembered, and up to a slot too long, however many talk spurts
// there were. The zero value is nothing.
type Talked struct {
	// From is when the first slot began. It is 0 while all slots are empty.
	From time.Duration
	// Slots are in ms, rounded up. The window touches one more than it is
	// divided into.
	Slots [slots + 1]uint32
}

// recent forgets what is a window ago.
func (t Talked) recent(now, window time.Duration) Talked {
	slot := window / slots
	for !t.empty() && t.From+slot <= now-window {
		copy(t.Slots[:], t.Slots[1:])
		t.Slots[slots] = 0
		t.From += slot
	}
	if t.empty() {
		return Talked{}
	}
	return t
}

func (t Talked) empty() bool { return t.Slots == [slots + 1]uint32{} }

// add remembers a talk spurt that is over by now.
func (t Talked) add(from, until, now, window time.Duration) Talked {
	t = t.recent(now, window)
	if t.empty() {
		t.From = max(from, now-window)
	}
	begin, slot := t.From, window/slots
	for i := range t.Slots {
		if part := min(until, begin+slot) - max(from, begin); part > 0 {
			t.Slots[i] += uint32((part + time.Millisecond - 1) / time.Millisecond)
		}
		begin += slot
	}
	return t.recent(now, window)
}

// total is what is remembered.
func (t Talked) total() (d time.Duration) {
	for _, ms := range t.Slots {
		d += time.Duration(ms) * time.Millisecond
	}
	return d
}

// freeAt is when less than the budget is remembered again.
func (t Talked) freeAt(now, budget, window time.Duration) time.Duration {
	for t = t.recent(now, window); t.total() >= budget && !t.empty(); t = t.recent(now, window) {
		now = t.From + window/slots + window
	}
	return now
}

// spentAt is when a talk spurt that begins now will have spent the budget. What
// is forgotten while it lasts may be talked anew.
func (t Talked) spentAt(now, budget, window time.Duration) time.Duration {
	for at := now; ; {
		spent := now + budget - t.recent(at, window).total()
		if spent <= at {
			return at
		}
		at = spent
	}
}

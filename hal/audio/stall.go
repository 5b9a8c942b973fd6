package audio

import "time"

// stallLook is how often a card is looked at, and stallLooks how often in a row
// it may have done nothing: 3 s. They are looks and not time, so that a process
// which was stopped itself does not blame the card.
const (
	stallLook  = 500 * time.Millisecond
	stallLooks = 6
)

// stall tells when a card stands still, without an error: it counts what the card
// does.
type stall struct {
	calls uint64
	looks int // in a row without a call
}

// look reports whether the card stands still.
func (s *stall) look(calls uint64) bool {
	if calls != s.calls {
		s.calls, s.looks = calls, 0
		return false
	}
	s.looks++
	return s.looks >= stallLooks
}

// ranEmpty reports whether a card ran empty between two times at which it asked
// for more. It goes on around its buffer then, without a word; but each time that
// it asks, the buffer is filled, and lasts no longer than that. The card's clock
// does not matter.
func ranEmpty(last, now time.Time, buffer time.Duration) bool {
	return !last.IsZero() && now.Sub(last) > buffer+buffer/8
}

package squelch

import "time"

// What a loop is, and what to do about it, for people.
const (
	LoopFound  = "what the channel says comes back by this radio: another gateway transmits it on the same frequency"
	LoopRemedy = "let one of them alone have a transmitter there, or see key.interlock and squelch.deaf"
)

const (
	// A squelch follows the transmitter if it opens within followsKeyed of its keying
	// or within followsUnkeyed of its unkeying: nobody answers so fast. LoopRow
	// transmissions in a row that it follows are a loop.
	followsKeyed   = time.Second
	followsUnkeyed = 150 * time.Millisecond
	LoopRow        = 3

	maxPenalty    = 10 * time.Minute
	forgetPenalty = time.Hour // after so long without a loop the first penalty counts again
)

// LoopGuard bars a squelch that hears what its own channel says: another gateway
// transmits the channel on the frequency of this radio.
type LoopGuard struct {
	// Penalty is the first time for which a squelch is barred; 0 turns detection by
	// the opening off.
	Penalty time.Duration
	// Deaf is how long the squelch is ignored after the transmitter was unkeyed.
	Deaf time.Duration
	// Vague says that the times of openings are too vague to judge by, as those of a
	// Detector are.
	Vague bool

	next  time.Duration // the next penalty
	until time.Duration // end of the present penalty, or of the latest
	on    bool          // a penalty lasts
	found uint64

	keyed               bool
	keyedAt, unkeyedAt  time.Duration
	follows, hasUnkeyed bool // the squelch followed this transmission; there was one
	row                 int  // transmissions in a row that the squelch followed
}

// Barred reports whether a penalty lasts.
func (l *LoopGuard) Barred() bool { return l.on }

// Until is the end of the present penalty, or of the latest.
func (l *LoopGuard) Until() time.Duration { return l.until }

// Found counts the loops.
func (l *LoopGuard) Found() uint64 { return l.found }

// Bar begins a penalty because a loop was found, and returns how long it lasts: twice as
// long as the one before.
func (l *LoopGuard) Bar(now time.Duration) time.Duration {
	if l.next == 0 || now-l.until > forgetPenalty {
		l.next = l.Penalty
	}
	l.on, l.until = true, now+l.next
	l.next = min(2*l.next, max(maxPenalty, l.Penalty))
	l.found++
	l.row = 0
	return l.until - now
}

// Tick applies the passing of time and reports whether that ended a penalty.
func (l *LoopGuard) Tick(now time.Duration) (over bool) {
	over = l.on && now >= l.until
	l.on = l.on && !over
	return over
}

// Transmit applies whether the transmitter is keyed.
func (l *LoopGuard) Transmit(keyed bool, at time.Duration) {
	switch {
	case keyed == l.keyed:
		return
	case keyed:
		if !l.follows {
			l.row = 0
		}
		l.keyedAt, l.follows = at, false
	default:
		l.unkeyedAt, l.hasUnkeyed = at, true
	}
	l.keyed = keyed
}

// Opened applies an opening of the squelch and reports whether the squelch followed the
// transmitter too often for chance.
func (l *LoopGuard) Opened(at time.Duration) (loop bool) {
	soon := l.keyed && at-l.keyedAt <= followsKeyed ||
		!l.keyed && l.hasUnkeyed && at-l.unkeyedAt <= l.Deaf+followsUnkeyed
	if !soon || l.follows || l.Penalty == 0 || l.Vague {
		return false
	}
	l.follows = true
	l.row++
	return l.row >= LoopRow
}

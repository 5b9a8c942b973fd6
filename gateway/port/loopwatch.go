package port

import "time"

const (
	// loopKeyed is how soon after the transmitter is keyed, and loopLetGo after it was
	// let go, a squelch opens that follows it: nobody answers so fast. loopRow is how
	// many transmissions in a row it has to follow to be a loop.
	loopKeyed  = time.Second
	loopLetGo  = 150 * time.Millisecond
	loopRow    = 3
	loopMost   = 10 * time.Minute // the longest penalty
	loopForget = time.Hour        // after so long without a loop the first penalty is the first again
)

// loopWatch keeps a squelch from talking that hears what the channel says: another
// gateway transmits it on the same frequency. It is pure: time comes with each call.
type loopWatch struct {
	penalty time.Duration // the first; 0 is off
	deaf    time.Duration // how long after the transmitter was let go nothing is heard
	byEar   bool          // when the squelch opens is told too vaguely to judge by it

	next  time.Duration // the next penalty
	until time.Duration // the end of the present one, or of the latest
	on    bool          // it lasts
	found uint64

	keyed           bool
	keyedAt, letGo  time.Duration
	follows, judged bool // the squelch followed this transmission; there was one
	row             int
}

// loop takes in that there is one, and returns how long the squelch is not listened
// to. It is twice as long as the time before.
func (l *loopWatch) loop(now time.Duration) time.Duration {
	if l.next == 0 || now-l.until > loopForget {
		l.next = l.penalty
	}
	l.on, l.until = true, now+l.next
	l.next = min(2*l.next, max(loopMost, l.penalty))
	l.found++
	l.row = 0
	return l.until - now
}

// tick takes in that time has passed, and reports whether that ended the penalty.
func (l *loopWatch) tick(now time.Duration) (over bool) {
	over = l.on && now >= l.until
	l.on = l.on && !over
	return over
}

// transmit takes in whether the transmitter is keyed.
func (l *loopWatch) transmit(keyed bool, at time.Duration) {
	switch {
	case keyed == l.keyed:
		return
	case keyed:
		if !l.follows {
			l.row = 0
		}
		l.keyedAt, l.follows = at, false
	default:
		l.letGo, l.judged = at, true
	}
	l.keyed = keyed
}

// opened takes in that the squelch opened, and reports whether it follows the
// transmitter too often for chance.
func (l *loopWatch) opened(at time.Duration) bool {
	soon := l.keyed && at-l.keyedAt <= loopKeyed || !l.keyed && l.judged && at-l.letGo <= l.deaf+loopLetGo
	if !soon || l.follows || l.penalty == 0 || l.byEar {
		return false
	}
	l.follows = true
	l.row++
	return l.row >= loopRow
}

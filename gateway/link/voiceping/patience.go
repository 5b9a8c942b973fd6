package voiceping

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

const (
	// window, logins and failures are the server's, per address: it takes 40
	// logins in 15 minutes, successes counted, and after the fourth that failed
	// (401, 403) without a success between none at all until the window ends.
	window   = 15 * time.Minute
	logins   = 40
	failures = 3
	// firstWait and longestWait are the bounds of the backoff after an ordinary
	// end of the connection.
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
)

// patience decides how long to wait before another try. Whatever happens, one
// gateway makes at most its share of what the server allows, so that the gateways
// behind one address never lock themselves out.
type patience struct {
	tries   int
	dialled ledger
	failed  ledger
}

// Logins is how often the links of one gateway may log in, all of them together. They
// run one after the other.
type Logins struct{ patience }

// NewLogins is that of one of several gateways that come from one address.
func NewLogins(sharing int) *Logins { return &Logins{newPatience(sharing)} }

// first is how long the first try of a link has to wait for those of others.
func (p *patience) first(now time.Time) time.Duration {
	p.tries = 0
	return max(p.dialled.wait(now), p.failed.wait(now))
}

// newPatience is that of one of several gateways that come from one address. Of
// each limit something is left for a person who wants to look.
func newPatience(sharing int) patience {
	return patience{dialled: share(logins-2, sharing), failed: share(failures-1, sharing)}
}

// dial notes a try.
func (p *patience) dial(now time.Time) { p.dialled.note(now) }

// next is how long to wait at now, after a connection that stood for lived and
// ended, or never began, for err.
func (p *patience) next(now time.Time, err error, lived time.Duration) time.Duration {
	if lived > longestWait {
		p.tries = 0
	}
	ceiling := min(firstWait<<min(p.tries, 10), longestWait)
	p.tries++
	wait := ceiling/2 + rand.N(ceiling)
	if least := leastWait(err); least > 0 {
		wait = least + rand.N(least)
	}
	if no := (*HandshakeError)(nil); errors.As(err, &no) && no.failedLogin() {
		p.failed.note(now)
	}
	if spent := max(p.dialled.wait(now), p.failed.wait(now)); spent > wait {
		wait = spent + rand.N(window/logins)
	}
	return wait
}

// leastWait is what an error asks for by itself; zero is nothing.
func leastWait(err error) time.Duration {
	var fault port.LinkFault
	if !errors.As(err, &fault) {
		return 0
	}
	no := (*HandshakeError)(nil)
	errors.As(err, &no)
	switch {
	case fault == port.LinkLimited && no != nil:
		// Its windows are fixed; where it does not say when one ends, two of
		// the short one are long enough.
		return max(2*time.Minute, no.RetryAfter)
	case fault.NeedsSomebody(), no != nil && no.wrongPlace():
		return time.Minute
	}
	return 0
}

// ledger holds that something is done at most n times in span.
type ledger struct {
	n    int
	span time.Duration
	at   []time.Time // the latest, oldest first
}

// share is the part of one of sharing gateways of a limit per window.
func share(limit, sharing int) ledger {
	sharing = max(1, sharing)
	if n := limit / sharing; n > 0 {
		return ledger{n: n, span: window}
	}
	return ledger{n: 1, span: window * time.Duration((sharing+limit-1)/limit)}
}

func (l *ledger) note(now time.Time) {
	l.at = append(l.at, now)
	l.at = l.at[max(0, len(l.at)-l.n):]
}

// wait is how long nothing may follow.
func (l *ledger) wait(now time.Time) time.Duration {
	if len(l.at) < l.n {
		return 0
	}
	return max(0, l.at[0].Add(l.span+time.Second).Sub(now))
}

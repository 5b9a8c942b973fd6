package voiceping

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
)

const (
	// window, logins and failures are the server's, per address: it takes 40
	// logins in 15 minutes, successes counted, and after the fourth that failed
	// (401, 403) without a success between none at all until the window ends.
	window   = 15 * time.Minute
	logins   = 40
	failures = 3
)

func retryPolicy() retry.Policy {
	return retry.Policy{First: 500 * time.Millisecond, Longest: 30 * time.Second, Classify: advice}
}

// advice reads what an error says about the next attempt.
func advice(err error) retry.Advice {
	var no *HandshakeError
	errors.As(err, &no)
	var fault port.LinkFault
	errors.As(err, &fault)
	switch {
	case errors.Is(err, errWithdrawn):
		return retry.Advice{Now: true} // once Redis gives rights again
	case fault == port.LinkLimited && no != nil && no.RetryAfter > 0:
		return retry.Advice{Wait: no.RetryAfter}
	case fault == port.LinkLimited && no != nil:
		// The windows are fixed. Where the server does not say when one ends,
		// two of the short one are long enough.
		return retry.Advice{Wait: 2 * time.Minute}
	case fault.NeedsSomebody(), no != nil && no.wrongPlace():
		return retry.Advice{Wait: time.Minute}
	case fault == port.LinkUnheard, errors.Is(err, errHalfOpen):
		// It is our connection alone that does not work.
		return retry.Advice{Now: true}
	}
	return retry.Advice{}
}

// Logins is a gateway's share of the logins that the server takes from one
// address. The links of one gateway share it; they run one after the other. It
// is kept whatever happens, so that the gateways behind one address never lock
// themselves out.
type Logins struct {
	dialed ledger
	failed ledger
}

// NewLogins is the share of one of several gateways that come from one address.
// Of each limit something is left for a person who wants to look.
func NewLogins(sharing int) *Logins {
	return &Logins{dialed: share(logins-2, sharing), failed: share(failures-1, sharing)}
}

// wait is how long no login may follow.
func (l *Logins) wait(now time.Time) time.Duration {
	return max(l.dialed.wait(now), l.failed.wait(now))
}

// dial notes an attempt to log in.
func (l *Logins) dial(now time.Time) { l.dialed.note(now) }

// after notes how an attempt ended, and returns how long to wait before the next
// one: at least wait.
func (l *Logins) after(now time.Time, err error, wait time.Duration) time.Duration {
	if no := (*HandshakeError)(nil); errors.As(err, &no) && no.failedLogin() {
		l.failed.note(now)
	}
	if spent := l.wait(now); spent > wait {
		return spent + rand.N(window/logins)
	}
	return wait
}

// ledger bounds how often something is done: n times in span.
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

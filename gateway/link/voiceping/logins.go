package voiceping

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
)

const (
	// window, logins and failures are the server's limits for one IP address: 40 logins
	// in 15 minutes, successful ones included. After four failures in a row (401, 403)
	// it refuses every login until the window ends.
	window   = 15 * time.Minute
	logins   = 40
	failures = 3
)

func retryPolicy() retry.Policy {
	return retry.Policy{First: 500 * time.Millisecond, Longest: 30 * time.Second, Classify: advice}
}

// advice returns what an error means for the next attempt.
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
		// The windows are fixed. Where the server does not say when one ends, two of
		// the shorter windows are enough.
		return retry.Advice{Wait: 2 * time.Minute}
	case fault.NeedsSomebody(), no != nil && no.wrongPlace():
		return retry.Advice{Wait: time.Minute}
	case fault == port.LinkUnheard, errors.Is(err, errHalfOpen):
		// Only this connection failed, not the server.
		return retry.Advice{Now: true}
	}
	return retry.Advice{}
}

// Logins limits a gateway to its share of the logins that the server accepts from one
// IP address, so that gateways behind one address never lock each other out. All links
// of a gateway use the same Logins, one after the other.
type Logins struct {
	dialed ledger
	failed ledger
}

// NewLogins returns the share of one of sharing gateways behind one IP address. Some of
// each limit is left for a person who logs in from there.
func NewLogins(sharing int) *Logins {
	return &Logins{dialed: share(logins-2, sharing), failed: share(failures-1, sharing)}
}

// wait returns how long the next login has to wait.
func (l *Logins) wait(now time.Time) time.Duration {
	return max(l.dialed.wait(now), l.failed.wait(now))
}

// dial records a login attempt.
func (l *Logins) dial(now time.Time) { l.dialed.note(now) }

// after records the result of an attempt. It returns how long the next one has to
// wait: at least wait.
func (l *Logins) after(now time.Time, err error, wait time.Duration) time.Duration {
	if no := (*HandshakeError)(nil); errors.As(err, &no) && no.failedLogin() {
		l.failed.note(now)
	}
	if spent := l.wait(now); spent > wait {
		return spent + rand.N(window/logins)
	}
	return wait
}

// ledger allows n attempts in any span.
type ledger struct {
	n    int
	span time.Duration
	at   []time.Time // the latest, oldest first
}

// share returns one gateway's part of a limit per window, of sharing gateways.
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

// wait returns how long the next attempt has to wait.
func (l *ledger) wait(now time.Time) time.Duration {
	if len(l.at) < l.n {
		return 0
	}
	return max(0, l.at[0].Add(l.span+time.Second).Sub(now))
}

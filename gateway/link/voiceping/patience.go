package voiceping

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

const (
	// window and limit are the server's: authentications per address, successes
	// counted.
	window = 15 * time.Minute
	limit  = 40
	// firstWait and longestWait are the bounds of the backoff after an ordinary
	// end of the connection.
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
)

// patience decides how long to wait before another try. Whatever happens, one
// gateway makes at most its share of the server's limit in any window, so that
// the gateways behind one address never lock themselves out.
type patience struct {
	// sharing is how many gateways come from one address.
	sharing int
	tries   int
	dialled []time.Time // the latest, oldest first
}

// budget is how many tries a gateway has in a window. Two of the limit are left
// for a person who wants to look.
func (p *patience) budget() int { return max(1, (limit-2)/max(1, p.sharing)) }

// dial notes a try.
func (p *patience) dial(now time.Time) {
	p.dialled = append(p.dialled, now)
	if extra := len(p.dialled) - p.budget(); extra > 0 {
		p.dialled = p.dialled[extra:]
	}
}

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
	if len(p.dialled) == p.budget() {
		if spent := p.dialled[0].Add(window + time.Second).Sub(now); spent > wait {
			wait = spent + rand.N(window/limit)
		}
	}
	return wait
}

// leastWait is what an error asks for by itself; zero is nothing.
func leastWait(err error) time.Duration {
	var refused *HandshakeError
	if errors.As(err, &refused) {
		switch refused.Status {
		case http.StatusTooManyRequests:
			// The window is fixed and nobody says when it ends.
			return max(2*time.Minute, refused.RetryAfter)
		case http.StatusForbidden, http.StatusUnauthorized:
			// Nothing but an unban or another token will help.
			return time.Minute
		case http.StatusBadRequest, http.StatusNotFound:
			return time.Minute
		}
		return 0
	}
	if errors.Is(err, errForced) || closedWith(err) == wire.CloseForced {
		return time.Minute
	}
	return 0
}

package hub

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	firstWait = 200 * time.Millisecond
	// patience is the longest wait unless the hub asks for a longer one.
	patience = 15 * time.Second
	// maxRetryAfter bounds what a hub may ask for.
	maxRetryAfter = time.Minute
)

// backoff is exponential with full jitter, so that the ports of a hub that
// restarts do not come back all at once.
type backoff struct {
	max   time.Duration
	tries int
}

// next is how long to wait after a session that stood for lived and ended, or
// never began, for err.
func (b *backoff) next(err error, lived time.Duration) time.Duration {
	if lived > b.max {
		b.tries = 0
	}
	ceiling := min(firstWait<<b.tries, b.max)
	if ceiling < b.max {
		b.tries++
	}

	var refused *RefusedError
	if !errors.As(err, &refused) {
		return upTo(ceiling)
	}
	switch {
	case refused.RetryAfter > 0:
		return min(refused.RetryAfter, maxRetryAfter) + upTo(firstWait)
	case refused.Status == http.StatusUnauthorized, refused.Status == http.StatusForbidden:
		// Nothing but another token, or other rights, will help.
		return b.max/2 + upTo(b.max)
	}
	return upTo(ceiling)
}

func upTo(d time.Duration) time.Duration { return rand.N(d) }

package livekit

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

const (
	firstWait = 200 * time.Millisecond
	// patience is the longest wait between two attempts.
	patience = 15 * time.Second
)

// backoff is exponential with full jitter, so that the members of a server that
// went do not come back all at once.
type backoff struct{ tries int }

// next is how long to wait after a session that stood for lived and ended, or
// never began, for err.
func (b *backoff) next(err error, lived time.Duration) time.Duration {
	if lived > patience {
		b.tries = 0
	}
	var refused *room.RefusedError
	var left *room.LeftError
	switch {
	case errors.Is(err, room.ErrPermission):
		return 0
	case errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden),
		errors.As(err, &left) && left.Final():
		// Nothing but another token, or the other's going, will help.
		return patience/2 + upTo(patience)
	}
	ceiling := min(firstWait<<b.tries, patience)
	if ceiling < patience {
		b.tries++
	}
	return upTo(ceiling)
}

func upTo(d time.Duration) time.Duration { return rand.N(d) }

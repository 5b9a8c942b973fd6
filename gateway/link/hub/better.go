package hub

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
)

const (
	// betterEvery is how often a port on a fallback asks for the hubs before it.
	betterEvery = 5 * time.Second
	// healthTimeout bounds each question.
	healthTimeout = 2 * time.Second
)

// errBetter ends a session on a fallback.
var errBetter = errors.New("a hub that is preferred answers again")

// better tells once when a hub that comes before the given one is healthy and the
// link has been quiet since it was last asked. Hubs do not forward to each other:
// ports on different ones would not hear each other for longer than necessary.
func (l *Link) better(ctx context.Context, hub int) <-chan error {
	found := make(chan error, 1)
	if hub == 0 {
		return found
	}
	go func() {
		for said := l.active.Load(); retry.Sleep(ctx, l.betterEvery); said = l.active.Load() {
			if said == l.active.Load() && l.healthy(ctx, hub) {
				found <- errBetter
				return
			}
		}
	}()
	return found
}

// healthy reports whether one of the hubs before the given one is.
func (l *Link) healthy(ctx context.Context, before int) bool {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	for _, url := range l.homes[:before] {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			continue
		}
		if resp, err := l.client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

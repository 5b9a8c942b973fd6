// Package retry decides how long a link waits before it connects again.
//
// All links wait alike: exponentially, spread by chance so that the ports of a
// server that restarts do not come back all at once. What an error says about
// the next attempt differs from server to server, so each link brings its own
// classifier.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// Settled is how long a session has to stand to count as one that was on
	// air. A shorter one counts as a failure, so that a server which drops every
	// session at once is not called without end.
	Settled = time.Second
	// Spread is the most that is added to a wait that the server asked for.
	Spread = 5 * time.Second
)

// Policy bounds the waits of one link.
type Policy struct {
	// First is the wait after the first failure. It doubles with each further
	// one, up to Longest. Each wait is spread from half to one and a half times
	// its length.
	First, Longest time.Duration
	// Classify says what an error means for the next attempt.
	Classify func(err error) Advice
}

// Advice is what an error says about the next attempt. The zero value asks for
// the exponential wait.
type Advice struct {
	// Wait is how long the server asks to wait. It is kept as told, spread by
	// seconds and never doubled.
	Wait time.Duration
	// Hopeless says that no attempt succeeds until somebody changes something,
	// such as the token. The wait is the longest one at once.
	Hopeless bool
	// Now asks for an attempt at once. It is granted once after each session
	// that was on air; after that the waits grow as usual.
	Now bool
}

// Backoff is the waits of one link. It is not safe for concurrent use.
type Backoff struct {
	Policy
	failures int // since the last session that was on air
}

// Next returns how long to wait after err. lived is how long the session stood,
// zero if none came about.
func (b *Backoff) Next(err error, lived time.Duration) time.Duration {
	if lived >= Settled {
		b.failures = 0
	}
	advice := b.Classify(err)
	switch {
	case advice.Wait > 0:
		return advice.Wait + rand.N(min(Spread, max(1, advice.Wait/2)))
	case advice.Hopeless:
		return spread(b.Longest)
	}
	wait := spread(min(b.First<<min(b.failures, 30), b.Longest))
	if advice.Now && b.failures == 0 {
		wait = 0
	}
	b.failures++
	return wait
}

// spread is d, half as much or half as much again.
func spread(d time.Duration) time.Duration { return d/2 + rand.N(max(1, d)) }

// Sleep waits for d or until ctx ends, and reports whether ctx still stands.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

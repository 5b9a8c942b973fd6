package redis

import (
	"context"
	"time"
)

const (
	// heartbeat is how often rights and floor are read although nothing was
	// heard of a change.
	heartbeat = 30 * time.Second
	// readTimeout is when a read counts as failed, and readAgain when the next
	// follows, at the earliest.
	readTimeout = time.Second
	readAgain   = time.Second
)

// reader runs one reading at a time, and one more when asked meanwhile: what was
// asked for during a reading may be newer than its result.
type reader[T any] struct {
	read    func(ctx context.Context) T
	results chan T
	busy    bool
	again   bool
}

func newReader[T any](read func(ctx context.Context) T) *reader[T] {
	return &reader[T]{read: read, results: make(chan T, 1)}
}

// ask starts a reading or remembers to.
func (r *reader[T]) ask(ctx context.Context) {
	if r.busy {
		r.again = true
		return
	}
	r.busy, r.again = true, false
	go func() {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		r.results <- r.read(ctx)
	}()
}

// took is to be called after each result.
func (r *reader[T]) took(ctx context.Context) {
	r.busy = false
	if r.again {
		r.ask(ctx)
	}
}

// wait waits for a reading under way.
func (r *reader[T]) wait() {
	if r.busy {
		<-r.results
	}
}

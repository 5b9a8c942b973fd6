package conn

import (
	"context"
	"time"
)

const (
	// Heartbeat is how often a watch reads what is stored although no message
	// announced a change.
	Heartbeat = 30 * time.Second
	// ReadTimeout is when a read counts as failed.
	ReadTimeout = time.Second
	// ReadAgain is the shortest time between a failed read and the next.
	ReadAgain = time.Second
)

// Reader runs one reading at a time. A reading that is asked for while another runs
// follows it, because the stored value may have changed in between. A Reader belongs to
// one goroutine.
type Reader[T any] struct {
	read    func(ctx context.Context) T
	results chan T
	busy    bool
	again   bool
}

// NewReader returns a Reader that calls read on a goroutine of its own, with a context
// that ends after ReadTimeout.
func NewReader[T any](read func(ctx context.Context) T) *Reader[T] {
	return &Reader[T]{read: read, results: make(chan T, 1)}
}

// Ask starts a reading, or another one after the reading under way.
func (r *Reader[T]) Ask(ctx context.Context) {
	if r.busy {
		r.again = true
		return
	}
	r.busy, r.again = true, false
	go func() {
		ctx, cancel := context.WithTimeout(ctx, ReadTimeout)
		defer cancel()
		r.results <- r.read(ctx)
	}()
}

// Results is where each reading arrives. Call Done after each receive.
func (r *Reader[T]) Results() <-chan T { return r.results }

// Done ends a reading that was received, and starts the one asked for meanwhile.
func (r *Reader[T]) Done(ctx context.Context) {
	r.busy = false
	if r.again {
		r.Ask(ctx)
	}
}

// Busy reports whether a reading is under way.
func (r *Reader[T]) Busy() bool { return r.busy }

// Wait waits for a reading under way to end, and drops it.
func (r *Reader[T]) Wait() {
	if r.busy {
		<-r.results
	}
}

package port

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// heldLine is an output that is active for as long as somebody keeps saying so.
// The card's goroutine says it, with hold; one goroutine, run, drives the line,
// and lets go by itself when nobody says so any more.
type heldLine struct {
	name string
	out  hal.Output
	now  func() time.Duration

	// echo, if not nil, is a line that shows whether out did as it was told;
	// tell is told when that changes.
	echo hal.Input
	tell func(KeyFault)

	// moved, if not nil, is told when out was driven; it returns at once.
	moved func(active bool)

	until atomic.Int64 // active before this, on the port's clock; 0 is not
	wake  chan struct{}
}

func newHeldLine(name string, out hal.Output, now func() time.Duration) *heldLine {
	return &heldLine{name: name, out: out, now: now, wake: make(chan struct{}, 1)}
}

// hold keeps the line active until a time, 0 lets it go. It neither blocks nor
// allocates.
func (h *heldLine) hold(until time.Duration) {
	now := int64(h.now())
	if was := h.until.Swap(int64(until)); (was > now) != (int64(until) > now) {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
}

// run drives the line until ctx ends, and leaves it inactive. An error means that
// the line does not obey, or that its echo is gone.
func (h *heldLine) run(ctx context.Context) error {
	var check readback
	var edges <-chan hal.Edge
	if h.echo != nil {
		seen, err := h.echo.Active()
		if err != nil {
			return fmt.Errorf("%s: readback: %w", h.name, err)
		}
		check.see(seen, h.now())
		edges = h.echo.Edges()
	}
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	active := false
	for {
		now := h.now()
		left := time.Duration(h.until.Load()) - now
		want := left > 0 && ctx.Err() == nil
		if h.echo != nil {
			if check.settle(now) {
				h.tell(check.fault)
			}
			want = check.allow(want)
		}
		if want != active {
			if err := h.out.Set(want); err != nil {
				return fmt.Errorf("%s: %w", h.name, err)
			}
			if active = want; h.moved != nil {
				h.moved(active)
			}
			check.drive(active, now)
		}
		due, waiting := check.due()
		switch {
		case h.echo != nil && waiting && (left <= 0 || due-now < left):
			alarm.Reset(due - now)
		case left > 0:
			alarm.Reset(left)
		default:
			alarm.Stop()
		}
		select {
		case <-ctx.Done():
			if !active {
				return nil
			}
		case <-h.wake:
		case <-alarm.C:
		case e, more := <-edges:
			if !more {
				return fmt.Errorf("%s: readback: %w", h.name, h.echo.Err())
			}
			check.see(e.Active, h.now())
		}
	}
}

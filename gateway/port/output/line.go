// Package output drives the lines that a port gives to its surroundings: the radio's
// transmitter, the loudspeaker's amplifier and the lamps.
//
// Transmitter and amplifier hang on a dead-man line: it is active only while somebody
// keeps saying so, and lets go by itself when nobody does.
package output

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// line is an output that is active for as long as somebody keeps saying so. The card's
// goroutine says so, with hold. One goroutine, run, drives the output.
type line struct {
	name string
	out  hal.Output
	now  func() time.Duration

	echo    hal.Input      // shows whether out obeys; nil where it is not wired
	faulted func(KeyFault) // called when what echo shows changes; used with echo
	driven  func(active bool)

	until atomic.Int64 // active before this, on the port's clock; 0 is not
	wake  chan struct{}
}

// newLine makes a line that is inactive. driven is called after out was driven, and
// returns at once.
func newLine(name string, out hal.Output, now func() time.Duration, driven func(active bool)) *line {
	return &line{name: name, out: out, now: now, driven: driven, wake: make(chan struct{}, 1)}
}

// hold keeps the line active until a time; 0 lets go. It neither blocks nor allocates.
func (l *line) hold(until time.Duration) {
	now := int64(l.now())
	if was := l.until.Swap(int64(until)); (was > now) != (int64(until) > now) {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// run drives the output until ctx ends, and leaves it inactive. An error means that the
// output cannot be driven, or that its echo is gone.
func (l *line) run(ctx context.Context) error {
	var check readback
	var edges <-chan hal.Edge
	if l.echo != nil {
		seen, err := l.echo.Active()
		if err != nil {
			return fmt.Errorf("%s: readback: %w", l.name, err)
		}
		check.observe(seen, l.now())
		edges = l.echo.Edges()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	active := false
	for {
		now := l.now()
		left := time.Duration(l.until.Load()) - now
		want := left > 0 && ctx.Err() == nil
		if l.echo != nil {
			if check.tick(now) {
				l.faulted(check.fault)
			}
			want = check.allow(want)
		}
		if want != active {
			if err := l.out.Set(want); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			active = want
			l.driven(active)
			check.drive(active, now)
		}
		due, waiting := check.due()
		switch {
		case l.echo != nil && waiting && (left <= 0 || due-now < left):
			timer.Reset(due - now)
		case left > 0:
			timer.Reset(left)
		default:
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			if !active {
				return nil
			}
		case <-l.wake:
		case <-timer.C:
		case e, more := <-edges:
			if !more {
				return fmt.Errorf("%s: readback: %w", l.name, l.echo.Err())
			}
			check.observe(e.Active, l.now())
		}
	}
}

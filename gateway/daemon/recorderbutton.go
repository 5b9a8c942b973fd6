package daemon

import (
	"context"

	"github.com/talkgate/talkgate/hal"
)

// follow writes a recording with each press of a button, and closes it when ctx ends.
// One that is gone is told of: the port goes on without.
func (r *recorder) follow(ctx context.Context, button hal.Input) {
	defer func() { _ = button.Close() }() // nobody reads it any more
	for {
		select {
		case <-ctx.Done():
			return
		case e, more := <-button.Edges():
			switch {
			case !more:
				r.log.Error("the flight recorder's button is gone", "err", button.Err())
				return
			case e.Active:
				r.save("button")
			}
		}
	}
}

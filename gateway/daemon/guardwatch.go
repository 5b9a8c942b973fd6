package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// guardEvery is how often a port on LiveKit reads whether its channel is guarded. With
// redis.GuardLease it bounds how late a guard's end is shown: 5 s.
const guardEvery = 2 * time.Second

// guardWatch tells a port on LiveKit whether a live guard is in its channel's room.
type guardWatch struct {
	state interface {
		ReadGuards(ctx context.Context, channels ...string) (redis.Guards, error)
	}
	port interface {
		Status() port.Status
		SetUnguarded(channel string, unguarded bool)
	}
	log *slog.Logger

	joined string // the channel on which the link was up when it was last read; empty for none
	failed bool   // the last read did
}

// Run reads the guards' lease until ctx ends.
func (w *guardWatch) Run(ctx context.Context) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		w.read(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// read reads the lease once. A guard needs a moment to follow a port into an empty room,
// so a room counts as unguarded only once the link was up at the read before, too. While
// Redis does not answer, the port shows that, and what was last read of the guard.
func (w *guardWatch) read(ctx context.Context) {
	s := w.port.Status()
	before := w.joined
	if w.joined = s.Channel; s.Link != port.NoFault {
		w.joined = ""
	}
	if w.joined == "" || w.joined != before {
		w.port.SetUnguarded(s.Channel, false)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, guardEvery/2)
	defer cancel()
	g, err := w.state.ReadGuards(ctx, s.Channel)
	if err != nil {
		if !w.failed && ctx.Err() != context.Canceled {
			w.log.Warn("it is not known whether the channel is guarded; see that the ACL of this port has talkgate:guard:*", "err", err)
		}
		w.failed = true
		return
	}
	w.failed = false
	w.port.SetUnguarded(s.Channel, !g.Rooms[s.Channel])
}

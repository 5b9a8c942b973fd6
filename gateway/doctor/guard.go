package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// guard looks for a live guard on each channel that the port may be asked to talk on. No
// guard is in an empty room: where one runs at all, a channel without it is named, and is
// no fault.
func (d checker) guard(ctx context.Context) (found, do string) {
	return d.state(ctx, func(ctx context.Context, state *redis.Client) (found, do string) {
		channels := d.talkChannels()
		g, err := state.ReadGuards(ctx, channels...)
		if err != nil {
			f := conn.FaultOf(err)
			return "not known whether there is one: " + f.Found, f.Do
		}
		without := slices.DeleteFunc(slices.Clone(channels), func(id string) bool { return g.Rooms[id] })
		switch {
		case len(without) == 0:
			return "live on " + strings.Join(channels, ", "), ""
		case !g.Alive:
			return status.Unguarded(without...), status.StartGuard
		}
		return "one runs; it is not on " + strings.Join(without, ", ") + ", which is right while nobody is there: the port's status shows it once it has joined", ""
	})
}

package console

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// guardsEvery is how often the guards' leases are read. With redis.GuardLease it bounds how
// late a guard's end is shown: 5 s.
const guardsEvery = 2 * time.Second

// guardReader reads which rooms on LiveKit a live guard is in.
type guardReader interface {
	ReadGuards(ctx context.Context, channels ...string) (redis.Guards, error)
}

// Guards knows which channels on LiveKit have no live guard. Without one LiveKit also
// forwards members who do not have the floor. A hub without channels on LiveKit does not
// call Run; then no channel lacks a guard.
type Guards struct {
	state guardReader
	inUse func() map[string]struct{} // channels whose rooms somebody is in
	log   *slog.Logger

	mu      sync.Mutex
	lacking map[string]bool // channels in use without a guard
	used    map[string]struct{}
}

// Run reads the leases until ctx ends.
func (g *Guards) Run(ctx context.Context) {
	tick := time.NewTicker(guardsEvery)
	defer tick.Stop()
	for {
		g.read(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// read reads the leases once. A guard needs a moment to enter a room, so a channel counts
// only if it was in use at the previous read, too. If Redis does not answer, read keeps
// the last result.
func (g *Guards) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, guardsEvery/2)
	defer cancel()
	used := g.inUse()
	alive, err := g.state.ReadGuards(ctx, slices.Collect(maps.Keys(used))...)
	if err != nil {
		g.log.Debug("guards cannot be read", "err", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	lacking := map[string]bool{}
	for channel := range used {
		if _, before := g.used[channel]; before && !alive.Rooms[channel] {
			lacking[channel] = true
		}
	}
	g.report(lacking)
	g.lacking, g.used = lacking, used
}

// report logs changes. The caller holds g.mu.
func (g *Guards) report(lacking map[string]bool) {
	for channel := range lacking {
		if !g.lacking[channel] {
			g.log.Error("no live guard is in the channel's room: LiveKit forwards who has no floor, too", "channel", channel,
				"do", "start one, or see why it is not there: 'systemctl status talkgate-guard', its Redis and its LiveKit server")
		}
	}
	for channel := range g.lacking {
		if !lacking[channel] {
			g.log.Info("a live guard is in the channel's room, or nobody is", "channel", channel)
		}
	}
}

// Lacks reports whether a channel is in use without a live guard.
func (g *Guards) Lacks(channel string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lacking[channel]
}

// Lacking returns how many channels are in use without a live guard.
func (g *Guards) Lacking() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lacking)
}

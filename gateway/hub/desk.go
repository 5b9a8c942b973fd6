package hub

import (
	"context"
	"maps"
	"slices"

	"github.com/talkgate/talkgate/state/redis"
)

// deskReader is what a console shows besides gateways.
type deskReader interface {
	Events(ctx context.Context) (map[string]string, error)
	Speakers(ctx context.Context, channels ...string) (map[string]redis.Holder, error)
}

// deskChannel is one channel, in the HTTP API.
type deskChannel struct {
	ID     string       `json:"id"`
	Event  string       `json:"event,omitempty"`
	Holder *floorHolder `json:"holder"`
	// Recall is as in channelState.
	Recall float64 `json:"recall"`
}

// deskState is what a console shows besides gateways, in the HTTP API. Redis is
// false while that cannot be read.
type deskState struct {
	Redis    bool          `json:"redis"`
	Channels []deskChannel `json:"channels"`
	// Events are those that the bearer may pause.
	Events []string `json:"events"`
	// Rollout is the newest apply to the fleet; nil where there was none.
	Rollout *rolloutState `json:"rollout"`
}

// readDesk reads the channels that a bearer may join: those of events, and those
// that gateways are on.
func (h *Hub) readDesk(ctx context.Context, c *Claims) deskState {
	d := deskState{Channels: []deskChannel{}, Events: []string{}}
	events, err := h.cfg.State.Events(ctx)
	if err != nil {
		return d
	}
	all := h.fleet.channels()
	for ch := range events {
		all[ch] = struct{}{}
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(ch string) bool { return !validName(ch) || !c.maySee(ch) })
	speakers, err := h.cfg.State.Speakers(ctx, ids...)
	if err != nil {
		return d
	}
	if d.Rollout, err = h.readRollout(ctx); err != nil {
		h.log.Debug("rollout cannot be shown", "error", err) // the rest can
	}
	d.Redis = true
	for _, id := range ids {
		ch := deskChannel{ID: id, Event: events[id], Recall: h.recall.Keeps(id).Seconds()}
		if s, ok := speakers[id]; ok {
			ch.Holder = holderOf(&s)
		}
		d.Channels = append(d.Channels, ch)
	}
	pausable := map[string]struct{}{}
	for _, event := range events {
		if c.mayPause(event, events) {
			pausable[event] = struct{}{}
		}
	}
	d.Events = append(d.Events, slices.Sorted(maps.Keys(pausable))...)
	return d
}

// maySee says whether a manager may look at a channel, and at the gateways on it.
func (c *Claims) maySee(channel string) bool { return c.MayJoin(channel) }

// mayPause says whether a manager may pause an event: all of it is the manager's.
func (c *Claims) mayPause(event string, events map[string]string) bool {
	for channel, of := range events {
		if of == event && !c.MayJoin(channel) {
			return false
		}
	}
	return true
}

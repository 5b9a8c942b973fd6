// Package console serves the HTTP API of the operations console: gateways, channels,
// rollouts, talk rights and the audit log.
package console

import (
	"context"
	"maps"
	"slices"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/state/redis"
)

// channelReader reads channels and events from Redis.
type channelReader interface {
	Events(ctx context.Context) (map[string]string, error)
	Speakers(ctx context.Context, channels ...string) (map[string]redis.Holder, error)
}

// ChannelSnapshot is one channel in the HTTP API.
type ChannelSnapshot struct {
	ID     string          `json:"id"`
	Event  string          `json:"event,omitempty"`
	Holder *channel.Holder `json:"holder"`
	// Unguarded is whether the channel is in use on LiveKit without a live guard.
	Unguarded bool `json:"unguarded,omitempty"`
	// Recall is as in channelState.
	Recall float64 `json:"recall"`
}

// Snapshot is everything that a console shows besides gateways, in the HTTP API. Redis
// is false while Redis does not answer.
type Snapshot struct {
	Redis    bool              `json:"redis"`
	Channels []ChannelSnapshot `json:"channels"`
	// Events are those that the bearer may pause.
	Events []string `json:"events"`
	// Rollout is the newest apply to the fleet, or nil.
	Rollout *rolloutState `json:"rollout"`
}

// readOverview reads the channels that a bearer may join: those of events and those of
// gateways.
func (s *Console) readOverview(ctx context.Context, c *auth.Claims) Snapshot {
	d := Snapshot{Channels: []ChannelSnapshot{}, Events: []string{}}
	events, err := s.state.Events(ctx)
	if err != nil {
		return d
	}
	all := s.Fleet.Channels()
	for ch := range events {
		all[ch] = struct{}{}
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(ch string) bool { return !auth.ValidName(ch) || !c.MayJoin(ch) })
	speakers, err := s.state.Speakers(ctx, ids...)
	if err != nil {
		return d
	}
	if d.Rollout, err = s.readRollout(ctx); err != nil {
		s.log.Debug("rollout cannot be shown", "err", err) // the rest can
	}
	d.Redis = true
	for _, id := range ids {
		ch := ChannelSnapshot{ID: id, Event: events[id], Unguarded: s.Guards.Lacks(id), Recall: s.recall.Keeps(id).Seconds()}
		if holder, ok := speakers[id]; ok {
			ch.Holder = channel.HolderOf(&holder)
		}
		d.Channels = append(d.Channels, ch)
	}
	pausable := map[string]struct{}{}
	for _, event := range events {
		if c.MayPause(event, events) {
			pausable[event] = struct{}{}
		}
	}
	d.Events = append(d.Events, slices.Sorted(maps.Keys(pausable))...)
	return d
}

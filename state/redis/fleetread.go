package redis

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/fleet"
)

// FleetView is what a gateway's scopes are told.
type FleetView struct {
	// Known is false when it could not be read; nothing else is set then.
	Known  bool
	Scopes map[fleet.Scope]fleet.Stored
}

// ReadFleet returns what scopes are told; two round trips, or one where nothing is
// rolled out. Nothing of it is checked.
func (c *Client) ReadFleet(ctx context.Context, scopes ...fleet.Scope) (FleetView, error) {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	// In this order: what was replaced in between is then settled already.
	p := c.rdb.Pipeline()
	newest, settled := p.HMGet(ctx, keyDesired, names...), p.HMGet(ctx, keySettled, names...)
	if _, err := p.Exec(ctx); err != nil {
		return FleetView{}, fmt.Errorf("read the fleet's documents: %w", err)
	}
	v := FleetView{Known: true, Scopes: map[fleet.Scope]fleet.Stored{}}
	for i, s := range scopes {
		v.Scopes[s] = fleet.Stored{Newest: envelopeOf(newest.Val()[i]), Settled: envelopeOf(settled.Val()[i])}
	}
	return v, c.addStates(ctx, v.Scopes)
}

// ReadWholeFleet returns what every scope is told.
func (c *Client) ReadWholeFleet(ctx context.Context) (map[fleet.Scope]fleet.Stored, error) {
	p := c.rdb.Pipeline()
	newest, settled := p.HGetAll(ctx, keyDesired), p.HGetAll(ctx, keySettled)
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the fleet's documents: %w", err)
	}
	all := map[fleet.Scope]fleet.Stored{}
	for scope, text := range newest.Val() {
		all[fleet.Scope(scope)] = fleet.Stored{Newest: fleet.Envelope(text), Settled: fleet.Envelope(settled.Val()[scope])}
	}
	return all, c.addStates(ctx, all)
}

// addStates adds how the rollouts of the newest documents stand.
func (c *Client) addStates(ctx context.Context, scopes map[fleet.Scope]fleet.Stored) error {
	p := c.rdb.Pipeline()
	states := map[uint64]*goredis.StringCmd{}
	versions := map[fleet.Scope]uint64{}
	for scope, s := range scopes {
		if d, _, err := s.Newest.Peek(); err == nil && d.Rollout != nil {
			versions[scope] = d.Version
			if states[d.Version] == nil {
				states[d.Version] = p.HGet(ctx, keyRollout(d.Version), "state")
			}
		}
	}
	if len(states) == 0 {
		return nil
	}
	if err := execute(ctx, p); err != nil {
		return fmt.Errorf("read the fleet's rollouts: %w", err)
	}
	for scope, version := range versions {
		s := scopes[scope]
		s.State = fleet.State(states[version].Val())
		scopes[scope] = s
	}
	return nil
}

func envelopeOf(v any) fleet.Envelope {
	text, _ := v.(string)
	return fleet.Envelope(text)
}

// WatchFleet follows what scopes are told until ctx ends, then returns nil. fn gets
// it after every change, every (re)subscription and every heartbeat, the same
// again or not; it runs on one goroutine and must return soon. What cannot be read
// is read again later and later: a fleet must not keep an overloaded Redis so.
func (c *Client) WatchFleet(ctx context.Context, scopes []fleet.Scope, fn func(FleetView)) error {
	var topics []string
	for _, s := range scopes {
		topics = append(topics, topicFleet(s))
	}
	f := newFeed(topics...)
	if err := c.subs.join(f); err != nil {
		return err
	}
	defer c.subs.leave(f)
	r := newReader(func(ctx context.Context) FleetView {
		v, err := c.ReadFleet(ctx, scopes...)
		if err != nil {
			if ctx.Err() != context.Canceled {
				c.log.Warn("the fleet's documents cannot be read", "err", err)
			}
			return FleetView{}
		}
		return v
	})
	defer r.wait()
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	failures := 0
	r.ask(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
			f.take() // whatever it was: only what is stored counts
			r.ask(ctx)
		case <-timer.C:
			r.ask(ctx)
		case v := <-r.results:
			r.took(ctx)
			if ctx.Err() != nil {
				return nil
			}
			fn(v)
			next := heartbeat
			if v.Known {
				failures = 0
			} else {
				next = spread(backoff(failures))
				failures++
			}
			timer.Reset(next)
		}
	}
}

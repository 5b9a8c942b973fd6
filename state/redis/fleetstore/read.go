package fleetstore

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// View is what a gateway's scopes are told.
type View struct {
	// Known is false when it could not be read; nothing else is set then.
	Known  bool
	Scopes map[fleet.Scope]fleet.Stored
}

// ReadFleet returns what scopes are told; two round trips, or one where nothing is
// rolled out. Nothing of it is checked.
func (s *Store) ReadFleet(ctx context.Context, scopes ...fleet.Scope) (View, error) {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	// In this order: what was replaced in between is then settled already.
	p := s.conn.Redis.Pipeline()
	newest, settled := p.HMGet(ctx, keyDesired, names...), p.HMGet(ctx, keySettled, names...)
	if _, err := p.Exec(ctx); err != nil {
		return View{}, fmt.Errorf("read the fleet's documents: %w", err)
	}
	v := View{Known: true, Scopes: map[fleet.Scope]fleet.Stored{}}
	for i, s := range scopes {
		v.Scopes[s] = fleet.Stored{Newest: envelopeOf(newest.Val()[i]), Settled: envelopeOf(settled.Val()[i])}
	}
	return v, s.addStates(ctx, v.Scopes)
}

// ReadWholeFleet returns what every scope is told.
func (s *Store) ReadWholeFleet(ctx context.Context) (map[fleet.Scope]fleet.Stored, error) {
	p := s.conn.Redis.Pipeline()
	newest, settled := p.HGetAll(ctx, keyDesired), p.HGetAll(ctx, keySettled)
	if _, err := p.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the fleet's documents: %w", err)
	}
	all := map[fleet.Scope]fleet.Stored{}
	for scope, text := range newest.Val() {
		all[fleet.Scope(scope)] = fleet.Stored{Newest: fleet.Envelope(text), Settled: fleet.Envelope(settled.Val()[scope])}
	}
	return all, s.addStates(ctx, all)
}

// addStates adds how the rollouts of the newest documents stand.
func (s *Store) addStates(ctx context.Context, scopes map[fleet.Scope]fleet.Stored) error {
	p := s.conn.Redis.Pipeline()
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
	if err := conn.Execute(ctx, p); err != nil {
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
func (s *Store) WatchFleet(ctx context.Context, scopes []fleet.Scope, fn func(View)) error {
	var topics []string
	for _, s := range scopes {
		topics = append(topics, topicFleet(s))
	}
	f, err := s.conn.Listen(topics...)
	if err != nil {
		return err
	}
	defer f.Close()
	r := conn.NewReader(func(ctx context.Context) View {
		v, err := s.ReadFleet(ctx, scopes...)
		if err != nil {
			if ctx.Err() != context.Canceled {
				s.conn.Log.Warn("the fleet's documents cannot be read", "err", err)
			}
			return View{}
		}
		return v
	})
	defer r.Wait()
	timer := time.NewTimer(conn.Heartbeat)
	defer timer.Stop()
	failures := 0
	r.Ask(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.Wake():
			f.Notes() // whatever it was: only what is stored counts
			r.Ask(ctx)
		case <-timer.C:
			r.Ask(ctx)
		case v := <-r.Results():
			r.Done(ctx)
			if ctx.Err() != nil {
				return nil
			}
			fn(v)
			next := conn.Heartbeat
			if v.Known {
				failures = 0
			} else {
				next = conn.Spread(conn.Backoff(failures))
				failures++
			}
			timer.Reset(next)
		}
	}
}

package console

import (
	"context"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// rolloutReader reads the newest apply from Redis.
type rolloutReader interface {
	FleetHistory(ctx context.Context, limit int) ([]fleetstore.Apply, error)
	ReadRollout(ctx context.Context, version uint64) (fleetstore.Rollout, error)
}

// rolloutState is the newest apply to the fleet, in the HTTP API. State is empty
// for one without canaries. At is in ms since 1970.
type rolloutState struct {
	Version  uint64      `json:"version"`
	Author   string      `json:"author"`
	Reason   string      `json:"reason"`
	At       int64       `json:"at"`
	State    fleet.State `json:"state,omitempty"`
	Why      string      `json:"why,omitempty"`
	Canaries int         `json:"canaries"`
	Passed   int         `json:"passed"`
	// Covered is how many live gateways it is for, Applied how many of them applied it,
	// Failed how many refused it or rolled it back.
	Covered int `json:"covered"`
	Applied int `json:"applied"`
	Failed  int `json:"failed"`
}

// readRollout returns the newest apply, or nil if there was none.
func (s *Console) readRollout(ctx context.Context) (*rolloutState, error) {
	history, err := s.state.FleetHistory(ctx, 1)
	if err != nil || len(history) == 0 {
		return nil, err
	}
	a := history[0]
	r := &rolloutState{Version: a.Version, Author: a.Author, Reason: a.Reason, At: a.Time.UnixMilli()}
	if a.Rollout != nil {
		now, err := s.state.ReadRollout(ctx, a.Version)
		if err != nil {
			return nil, err
		}
		r.State, r.Why, r.Canaries, r.Passed = now.State, now.Why, now.Canaries, now.Passed
	}
	s.Fleet.count(a, r)
	return r, nil
}

// count sets the counts of an apply.
func (v *Fleet) count(a fleetstore.Apply, r *rolloutState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, g := range v.gateways {
		if !g.Live || g.Error != "" || !covers(a.Scopes, g.ID, g.Group) {
			continue
		}
		r.Covered++
		switch {
		case g.Config >= a.Version && g.Result == fleet.ResultApplied:
			r.Applied++
		case g.Refused >= a.Version:
			r.Failed++
		}
	}
}

func covers(scopes []fleet.Scope, gateway, group string) bool {
	for _, s := range scopes {
		if s.Covers(gateway, group) {
			return true
		}
	}
	return false
}

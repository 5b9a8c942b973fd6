package operator

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Progress is how a fleet stands.
type Progress struct {
	// Version is that of the newest apply, Rollout how its rollout stands; null
	// is none.
	Version uint64              `json:"version"`
	Rollout *fleetstore.Rollout `json:"rollout"`
	// Gateways counts those that the newest apply is for, and live: how many
	// have it, are about to, or took it back or refused it.
	Gateways struct {
		Known   int `json:"known"`
		Live    int `json:"live"`
		Covered int `json:"covered"`
		Applied int `json:"applied"`
		Pending int `json:"pending"`
		Failed  int `json:"failed"`
	} `json:"gateways"`
	// Unwell are those that refused or took back what they were told, those that are
	// not on air, those that are not heard, and those whose token ends.
	Unwell []Unwell `json:"unwell"`
}

// Unwell is a gateway that is not well.
type Unwell struct {
	Gateway string        `json:"gateway"`
	Group   string        `json:"group,omitempty"`
	Live    bool          `json:"live"`
	SeenAt  time.Time     `json:"seenAt"`
	OnAir   bool          `json:"onAir"`
	Summary string        `json:"summary"` // in words
	Applied fleet.Applied `json:"applied"`
	Running string        `json:"talkgate"` // its version of talkgate
	Token   *fleet.Token  `json:"token,omitempty"`
}

// ReadProgress is how the apply of a version goes; 0 is the newest.
func ReadProgress(ctx context.Context, store Store, version uint64) (Progress, error) {
	s := Progress{Unwell: []Unwell{}}
	applies, err := store.FleetHistory(ctx, 100)
	if err != nil {
		return s, err
	}
	gateways, err := store.Reports(ctx)
	if err != nil {
		return s, err
	}
	var scopes []fleet.Scope
	i := slices.IndexFunc(applies, func(a fleetstore.Apply) bool { return version == 0 || a.Version == version })
	if i < 0 && version != 0 {
		return s, errors.New("that version is no longer in the history")
	}
	if i >= 0 {
		scopes, s.Version = applies[i].Scopes, applies[i].Version
		if applies[i].Rollout != nil {
			r, err := store.ReadRollout(ctx, s.Version)
			if err != nil {
				return s, err
			}
			s.Rollout = &r
		}
	}
	s.count(gateways, scopes)
	return s, nil
}

func (s *Progress) count(gateways []fleet.Sighting, scopes []fleet.Scope) {
	n := &s.Gateways
	n.Known = len(gateways)
	for _, g := range gateways {
		a := g.Report.Applied
		bad := a.Result == fleet.ResultRefused || a.Result == fleet.ResultRolledBack
		if g.Live {
			n.Live++
		}
		h := g.Report.Health
		token := g.Report.Link.Token
		if bad || !g.Live || !h.OnAir || g.Err != nil || token.Ends(g.SeenAt) {
			s.Unwell = append(s.Unwell, Unwell{g.Gateway, g.Report.Group, g.Live, g.SeenAt, g.Live && h.OnAir, h.Summary, a, g.Report.Version, token})
		}
	}
	for _, g := range Covered(gateways, scopes) {
		n.Covered++
		switch a := g.Report.Applied; {
		case a.Result == fleet.ResultRefused, a.Result == fleet.ResultRolledBack:
			n.Failed++
		case a.Version >= s.Version && a.Result == fleet.ResultApplied:
			n.Applied++
		default:
			n.Pending++
		}
	}
}

// Covered are the live gateways that one of scopes is for.
func Covered(gateways []fleet.Sighting, scopes []fleet.Scope) []fleet.Sighting {
	var live []fleet.Sighting
	for _, g := range gateways {
		for _, scope := range scopes {
			if g.Live && g.Err == nil && scope.Covers(g.Gateway, g.Report.Group) {
				live = append(live, g)
				break
			}
		}
	}
	return live
}

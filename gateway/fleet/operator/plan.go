package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Plan is what an apply would change.
type Plan struct {
	Scopes []fleet.Scope // that change, sorted
	to     map[fleet.Scope]fleet.Settings
	stored map[fleet.Scope]fleet.Stored // of the whole fleet
}

// Signature is whose word an apply is.
type Signature struct {
	Author, Reason string
	Key            fleet.PrivateKey
}

// Compare is the plan of all that layers say otherwise than the fleet is told.
func Compare(ctx context.Context, store Store, layers map[fleet.Scope]fleet.Settings) (Plan, error) {
	stored, err := store.ReadWholeFleet(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{to: layers, stored: stored}
	for _, scope := range slices.Sorted(maps.Keys(layers)) {
		now, _, err := settingsOf(stored[scope].Newest)
		if err != nil || stored[scope].Newest == "" || !maps.Equal(now, layers[scope]) {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	return p, nil
}

// NewPlan is the plan of an apply of layers. Without force it is an error to touch what
// is still being tried, or what was halted.
func NewPlan(ctx context.Context, store Store, layers map[fleet.Scope]fleet.Settings, force bool) (Plan, error) {
	stored, err := store.ReadWholeFleet(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{to: layers, stored: stored}
	var errs []error
	for _, scope := range slices.Sorted(maps.Keys(layers)) {
		now, version, err := settingsOf(stored[scope].Newest)
		if err != nil && !force {
			errs = append(errs, fmt.Errorf("%s: what is stored cannot be read, --force replaces it: %w", scope, err))
			continue
		}
		same := err == nil && stored[scope].Newest != "" && maps.Equal(now, layers[scope])
		switch s := stored[scope].State; {
		case force:
			p.Scopes = append(p.Scopes, scope)
		case same && s == fleet.Halted:
			errs = append(errs, fmt.Errorf("%s: this is what version %d was halted with; --force tries it again", scope, version))
		case same:
		case s == fleet.Trying:
			errs = append(errs, fmt.Errorf("%s: version %d is still being tried; wait for it (talkgate fleet watch), or replace it with --force", scope, version))
		default:
			p.Scopes = append(p.Scopes, scope)
		}
	}
	return p, errors.Join(errs...)
}

// settingsOf are those of a stored document; none, where there is none.
func settingsOf(e fleet.Envelope) (fleet.Settings, uint64, error) {
	if e == "" {
		return fleet.Settings{}, 0, nil
	}
	d, _, err := e.Peek()
	return d.Settings, d.Version, err
}

// Change is a scope that changes.
type Change struct {
	Scope   fleet.Scope `json:"scope"`
	Changes []KeyChange `json:"changes"`
}

// KeyChange is one key of it.
type KeyChange struct {
	fleet.Change
	// Live says that the change takes no restart of the port.
	Live bool `json:"live"`
}

// Changes are the plan's, key by key.
func (p Plan) Changes() []Change {
	all := []Change{}
	for _, scope := range p.Scopes {
		now, _, _ := settingsOf(p.stored[scope].Newest)
		c := Change{Scope: scope, Changes: []KeyChange{}}
		for _, change := range fleet.Diff(now, p.to[scope]) {
			c.Changes = append(c.Changes, KeyChange{change, config.Live(change.Key)})
		}
		all = append(all, c)
	}
	return all
}

// Check merges, as gateways will, and says what is wrong with the result. What a
// gateway's own file may say is not missed.
func (p Plan) Check(gateways []fleet.Sighting) error {
	local, err := config.ParseLocal("own file", fmt.Appendf(nil,
		"version: 1\nidentity: {user_id: any, user_name: Any}\nredis: {url: \"redis://any\"}\nfleet: {public_key: \"ed25519:%s=\"}\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	if err != nil {
		return err
	}
	after := map[fleet.Scope]fleet.Settings{}
	for scope, s := range p.stored {
		after[scope], _, _ = settingsOf(s.Newest) // what cannot be read, nobody obeys
	}
	for _, scope := range p.Scopes {
		after[scope] = p.to[scope]
	}
	chains := map[string][]fleet.Scope{}
	add := func(scopes []fleet.Scope) { chains[fmt.Sprint(scopes)] = scopes }
	for _, scope := range p.Scopes {
		add(slices.Compact([]fleet.Scope{fleet.Defaults, scope}))
	}
	for _, g := range gateways {
		scopes := fleet.ScopesOf(g.Gateway, g.Report.Group)
		if _, own := after[fleet.Gateway(g.Gateway)]; !own {
			scopes = scopes[:len(scopes)-1]
		}
		add(scopes)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(chains)) {
		var layers []fleet.Settings
		for _, scope := range chains[name] {
			layers = append(layers, after[scope])
		}
		_, err := local.With(fleet.Merge(config.Choices(), layers...))
		if e, ok := errors.AsType[*config.Error](err); ok {
			e.Problems = slices.DeleteFunc(e.Problems, func(q config.Problem) bool { return q.Found == "no such key" })
			e.File = name
			if len(e.Problems) == 0 {
				err = nil
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Apply signs the plan's documents and puts them in the place of those that it was
// made from. With the version of somebody else's apply in the way it takes a later
// one.
func (p Plan) Apply(ctx context.Context, store Store, s Signature, rollout *fleet.Rollout, undoes uint64) (fleetstore.Apply, error) {
	for {
		a := fleetstore.Apply{
			Author: s.Author, Reason: s.Reason, Undoes: undoes,
			Time: time.Now().UTC().Truncate(time.Second), Rollout: rollout, Scopes: p.Scopes,
		}
		newest, err := store.FleetHistory(ctx, 1)
		if err != nil {
			return a, err
		}
		// By the clock, so that it grows even when Redis has lost the history.
		a.Version = uint64(a.Time.Unix())
		if len(newest) > 0 {
			a.Version = max(a.Version, newest[0].Version+1)
		}
		for _, scope := range p.Scopes {
			e, err := fleet.Sign(fleet.Document{
				Scope: scope, Version: a.Version, Author: a.Author, Time: a.Time, Reason: a.Reason,
				Rollout: rollout, Settings: p.to[scope],
			}, s.Key)
			if err != nil {
				return a, fmt.Errorf("%s: %w", scope, err)
			}
			a.Changes = append(a.Changes, fleetstore.Change{Old: p.stored[scope].Newest, New: e})
		}
		err = store.ApplyFleet(ctx, a)
		if !errors.Is(err, fleetstore.ErrConflict) {
			return a, err
		}
		now, readErr := store.ReadFleet(ctx, p.Scopes...)
		if readErr != nil {
			return a, readErr
		}
		for _, scope := range p.Scopes {
			if now.Scopes[scope].Newest != p.stored[scope].Newest {
				return a, fmt.Errorf("%w; nothing was applied: look at 'talkgate fleet diff' and apply again", err)
			}
		}
	}
}

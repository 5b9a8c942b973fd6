package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Before is what counted before the apply of a version, or the newest one, in
// all the scopes that were changed since. What is not signed with the key is not
// signed again.
func Before(ctx context.Context, store Store, from uint64, key fleet.PublicKey) (map[fleet.Scope]fleet.Settings, uint64, error) {
	applies, err := store.FleetHistory(ctx, 1000)
	if err != nil {
		return nil, 0, err
	}
	if len(applies) == 0 {
		return nil, 0, errors.New("there is nothing to take back")
	}
	if from == 0 {
		from = applies[0].Version
	}
	if !slices.ContainsFunc(applies, func(a fleetstore.Apply) bool { return a.Version == from }) {
		return nil, 0, fmt.Errorf("there is no version %d; see 'talkgate fleet history'", from)
	}
	layers := map[fleet.Scope]fleet.Settings{}
	for _, a := range applies { // the newest first: the oldest has the last word
		if a.Version < from {
			break
		}
		before, err := store.FleetBefore(ctx, a)
		if err != nil {
			return nil, 0, err
		}
		for scope, e := range before {
			layers[scope] = fleet.Settings{}
			if e == "" {
				continue
			}
			doc, err := e.Open([]fleet.PublicKey{key})
			if err != nil {
				return nil, 0, fmt.Errorf("%s before version %d: %w", scope, a.Version, err)
			}
			layers[scope] = doc.Settings
		}
	}
	return layers, from, nil
}

// Package operator is what an operator does with a fleet: plan, check and apply
// documents, follow how they are rolled out, and take them back.
package operator

import (
	"context"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Store keeps a fleet's documents and reports.
type Store interface {
	// ReadWholeFleet returns the documents of all scopes.
	ReadWholeFleet(ctx context.Context) (map[fleet.Scope]fleet.Stored, error)
	// ReadFleet returns those of some scopes.
	ReadFleet(ctx context.Context, scopes ...fleet.Scope) (fleetstore.View, error)
	// ApplyFleet stores an apply, all or nothing; the error wraps
	// fleetstore.ErrConflict when somebody else was faster.
	ApplyFleet(ctx context.Context, a fleetstore.Apply) error
	// FleetHistory returns the newest applies, the newest first.
	FleetHistory(ctx context.Context, limit int) ([]fleetstore.Apply, error)
	// FleetBefore returns what counted in the scopes of an apply before it.
	FleetBefore(ctx context.Context, a fleetstore.Apply) (map[fleet.Scope]fleet.Envelope, error)
	// ReadRollout returns how a rollout stands.
	ReadRollout(ctx context.Context, version uint64) (fleetstore.Rollout, error)
	// Reports returns what all gateways report.
	Reports(ctx context.Context) ([]fleet.Sighting, error)
}

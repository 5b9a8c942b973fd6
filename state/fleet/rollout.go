package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Rollout says which gateways try an apply first: those whose Cohort is at most
// Upto. It is signed with the documents.
type Rollout struct {
	Upto uint32 `json:"upto"`
	// Canaries is how many of them have to pass.
	Canaries int `json:"canaries"`
	// HoldSeconds is how long each of them has to keep link and Redis.
	HoldSeconds int `json:"hold_seconds"`
}

// maxHold is the longest hold.
const maxHold = 7 * 24 * time.Hour

// Hold is how long a canary has to do well.
func (r *Rollout) Hold() time.Duration { return time.Duration(r.HoldSeconds) * time.Second }

// Canary reports whether a gateway is one.
func (r *Rollout) Canary(gateway string) bool { return r != nil && Cohort(gateway) <= r.Upto }

func (r *Rollout) validate() error {
	switch {
	case r == nil:
	case r.Canaries < 1:
		return errors.New("rollout: expected a canary or more")
	case r.HoldSeconds < 0 || r.HoldSeconds > int(maxHold/time.Second): // Hold would overflow
		return fmt.Errorf("rollout: expected a hold of at most %v", maxHold)
	}
	return nil
}

// Cohort is a gateway's fixed place among all: the same everywhere and for ever,
// evenly spread.
func Cohort(gateway string) uint32 {
	sum := sha256.Sum256([]byte(gateway))
	return binary.BigEndian.Uint32(sum[:])
}

// Canaries makes a rollout of a share of the gateways, in percent: at least one.
// It wants the gateways that can answer, for one that is away never passes. Those
// that come back within the rollout may add to its canaries.
func Canaries(gateways []string, percent float64, hold time.Duration) (*Rollout, error) {
	if len(gateways) == 0 {
		return nil, errors.New("canaries: expected gateways that are on air, found none")
	}
	if !(percent > 0 && percent <= 100) {
		return nil, fmt.Errorf("canaries: expected a share of more than 0%% up to 100%%, found %g%%", percent)
	}
	if hold < 0 || hold > maxHold {
		return nil, fmt.Errorf("hold: expected at most %v, found %v", maxHold, hold)
	}
	cohorts := make([]uint32, len(gateways))
	for i, g := range gateways {
		cohorts[i] = Cohort(g)
	}
	slices.Sort(cohorts)
	n := min(max(1, int(float64(len(cohorts))*percent/100+0.5)), len(cohorts))
	return &Rollout{Upto: cohorts[n-1], Canaries: n, HoldSeconds: int(hold / time.Second)}, nil
}

// State is how a rollout stands.
type State string

// States of a rollout. Open and Halted are for ever.
const (
	Trying State = "trying" // canaries only
	Open   State = "open"   // everybody
	Halted State = "halted" // nobody: a canary failed
)

package fleet

import (
	"fmt"
)

// Stored is what Redis has for a scope.
type Stored struct {
	// Newest is the document of the last apply; empty is none.
	Newest Envelope
	// Settled is what counted before it; empty is none.
	Settled Envelope
	// State is that of the newest one's rollout. Empty is unknown: that of a
	// rollout is then taken for Trying.
	State State
}

// Mark is how far a gateway has come in a scope. Nothing older is obeyed.
type Mark struct {
	// Seen is the version of the newest document that was the scope's latest.
	Seen uint64 `json:"seen"`
	// Settled is that of the newest one which counted for good.
	Settled uint64 `json:"settled"`
}

// Choice is which document of a scope a gateway is to obey.
type Choice struct {
	// Envelope is empty where the scope says nothing.
	Envelope Envelope
	Document Document
	// Trial says that the gateway is a canary for it.
	Trial bool
	// Mark is how far the gateway has come once it obeys.
	Mark Mark
}

// Choose says which document of a scope a gateway is to obey. The error says why
// what is stored is refused: the gateway then keeps to what it obeys already.
func (s Stored) Choose(scope Scope, gateway string, keys []PublicKey, mark Mark) (Choice, error) {
	if s.Newest == "" {
		if mark.Seen > 0 {
			return Choice{}, fmt.Errorf("%s: %w: version %d was obeyed, found none: Redis has lost it", scope, ErrReplayed, mark.Seen)
		}
		return Choice{}, nil
	}
	newest, err := open(s.Newest, scope, keys)
	if err != nil {
		return Choice{}, err
	}
	if newest.Version < mark.Seen {
		return Choice{}, replayed(scope, newest.Version, mark.Seen)
	}
	mark.Seen = newest.Version
	switch {
	case newest.Rollout == nil || s.State == Open:
		mark.Settled = newest.Version
		return Choice{Envelope: s.Newest, Document: newest, Mark: mark}, nil
	case s.State != Halted && newest.Rollout.Canary(gateway):
		return Choice{Envelope: s.Newest, Document: newest, Trial: true, Mark: mark}, nil
	case s.Settled == "":
		if mark.Settled > 0 {
			return Choice{}, replayed(scope, 0, mark.Settled)
		}
		return Choice{Mark: mark}, nil
	}
	settled, err := open(s.Settled, scope, keys)
	if err != nil {
		return Choice{}, err
	}
	if settled.Version < mark.Settled || settled.Version >= newest.Version {
		return Choice{}, replayed(scope, settled.Version, mark.Settled)
	}
	mark.Settled = settled.Version
	return Choice{Envelope: s.Settled, Document: settled, Mark: mark}, nil
}

func open(e Envelope, scope Scope, keys []PublicKey) (Document, error) {
	d, err := e.Open(keys)
	if err != nil {
		return Document{}, fmt.Errorf("%s: %w", scope, err)
	}
	if d.Scope != scope {
		return Document{}, fmt.Errorf("%s: %w: it is for %s", scope, ErrForeign, d.Scope)
	}
	return d, nil
}

func replayed(scope Scope, found, expected uint64) error {
	return fmt.Errorf("%s: %w: expected version %d or newer, found %d", scope, ErrReplayed, expected, found)
}

package redis

import (
	"fmt"
	"time"
)

// Verdict is the answer to a Claim.
type Verdict uint8

// The answers to a Claim; the zero Verdict is none.
const (
	Granted Verdict = iota + 1
	Busy
	NoRights
	Banned
	// Queued: another has the floor, and the Claim a place in the queue for it.
	Queued
	// Spent: the user has talked as much as the Claim's Budget allows.
	Spent
)

func (v Verdict) String() string {
	switch v {
	case Granted:
		return "granted"
	case Busy:
		return "busy"
	case NoRights:
		return "no-rights"
	case Banned:
		return "banned"
	case Queued:
		return "queued"
	case Spent:
		return "spent"
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// Decision is a Verdict and what belongs to it.
type Decision struct {
	Verdict Verdict
	// Epoch is the fencing token of a grant.
	Epoch uint64
	// Holder is who has the floor when it is Busy or Queued; empty where the lock's value
	// cannot be read.
	Holder Holder
	// Place is the place in the queue when it is Queued, 1 being next.
	Place int
	// Left is what of a Claim's Budget is left to a grant, Wait how long it takes until
	// some is, when it is Spent.
	Left, Wait time.Duration
	// Preempted is who lost the floor to this grant.
	Preempted *Holder
	// Paused is who lost the floor to an emergency, by channel.
	Paused map[string]Holder
}

// State is how a granted Claim stands.
type State uint8

// The states of a granted Claim; the zero State is none.
const (
	Held State = iota + 1
	// Lost: the lock is gone or another's.
	Lost
	// Revoked: the lock is still the claim's, the right to talk is not.
	Revoked
	// RevokedByBan is Revoked because the user is banned.
	RevokedByBan
	// OverBudget: the user has talked as much as the Claim's Budget allows.
	OverBudget
)

func (s State) String() string {
	switch s {
	case Held:
		return "held"
	case Lost:
		return "lost"
	case Revoked:
		return "revoked"
	case RevokedByBan:
		return "banned"
	case OverBudget:
		return "over budget"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Renewal is a State and, where the lock is Lost to somebody, who that is.
type Renewal struct {
	State  State
	Holder *Holder
	// Wait is how long it takes until some of the budget is left, when it is OverBudget.
	Wait time.Duration
}

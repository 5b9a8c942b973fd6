package floor

import "time"

// Phase is where a port stands in the life of one press.
type Phase uint8

const (
	// Idle: not pressed.
	Idle Phase = iota
	// Requesting: pressed, the floor was asked for, no answer yet.
	Requesting
	// Waiting: pressed, and in the queue for a floor that another has. It is one
	// request, which is asked again until it is granted.
	Waiting
	// Talking: the floor is ours and the microphone is open.
	Talking
	// Draining: released; what was said before the release is still on its way
	// out, then the floor is handed back. The microphone is closed.
	Draining
	// Refused: pressed, but not talking. Only a fresh press asks again.
	Refused
)

// Reason is why a press does not talk.
type Reason uint8

// Reasons for being Refused.
const (
	NoReason     Reason = iota
	Busy                // another member has the floor
	NoRights            // the user may not talk on this channel
	Banned              // the user is banned
	NoAnswer            // Redis did not answer in time
	NoLink              // no media connection
	NoSound             // no microphone
	Revoked             // talk rights were taken away
	Preempted           // a member with priority took the floor
	TimedOut            // talked longer than allowed without a pause
	BudgetSpent         // talked as much as is allowed in a while
	Penalty             // timed out, and has to wait before the next press
	LeaseExpired        // the lock could not be renewed in time
	Looped              // what was said on the channel came back by radio
	Cleared             // the floor was taken away, by nobody who took it: a dispatcher paused the event
)

// Reasons are all reasons for being Refused.
func Reasons() []Reason {
	return []Reason{Busy, NoRights, Banned, NoAnswer, NoLink, NoSound, Revoked, Preempted, TimedOut, BudgetSpent, Penalty, LeaseExpired, Looped, Cleared}
}

// Rules are the durations that the machine keeps to.
type Rules struct {
	// RequestTimeout is how long an answer to a request is waited for.
	RequestTimeout time.Duration
	// RenewEvery is the interval between renewals of the lock while talking:
	// a third of the lease.
	RenewEvery time.Duration
	// MaxTalk is when the time-out timer cuts a talk spurt; 0 is never.
	MaxTalk time.Duration
	// Warn is how long before the time-out timer cuts it says so; 0 is not.
	Warn time.Duration
	// Penalty is how long after the time-out timer has cut, and the push-to-talk
	// was released, a press is refused.
	Penalty time.Duration
	// Budget is the longest that all talk spurts together last in any Window,
	// however often the push-to-talk is released meanwhile; 0 is without end.
	Budget, Window time.Duration
	// AskEvery is the interval at which a request that waits in the queue is
	// asked again, which keeps its place; MaxWait is how long it waits at most.
	AskEvery, MaxWait time.Duration
	// DrainTimeout bounds the time from the release to handing the floor back.
	DrainTimeout time.Duration
}

// Floor is the state of the talk-rights machine: a value, compared with ==.
// New makes the first one. All times are on the port's monotonic clock.
type Floor struct {
	Rules Rules

	Phase Phase
	// Why is the reason in phase Refused.
	Why Reason
	// Holder is who stood in the way when Why is Busy or Preempted: a name to
	// show, possibly empty.
	Holder string
	// Emergency is whether all this is of an emergency, and not of the
	// push-to-talk. It has one lock for all channels of the event.
	Emergency bool

	// Rights is whether the user may talk on the channel, as far as is known.
	Rights bool
	// Bar is why not, while Rights is false.
	Bar Reason
	// Link is whether speech can get from the microphone to the channel.
	Link bool
	// Fault is why not, while Link is false.
	Fault Reason

	// Gen is the generation: the number of the latest request.
	Gen uint32
	// Lease is until when the lock may be relied on (Talking, Draining).
	Lease time.Duration
	// RenewAt is when the next renewal is due (Talking).
	RenewAt time.Duration
	// Since is when the talk spurt began (Talking, Draining); 0 without a Limit.
	Since time.Duration
	// Limit is when the time-out timer cuts (Talking, Draining); 0 is never.
	Limit time.Duration
	// WarnAt is when it says so beforehand (Talking); 0 once it has, or never.
	WarnAt time.Duration
	// Deadline ends waiting for an answer (Requesting, Waiting) or for the last
	// frames (Draining). While Waiting it is 0 unless an answer is due.
	Deadline time.Duration
	// Place is the place in the queue, 1 being next (Waiting).
	Place int
	// AskAt is when the queue is asked again (Waiting), and GiveUp when no more.
	AskAt, GiveUp time.Duration

	// PenaltyUntil is until when a press is refused after a time-out; 0 is not.
	PenaltyUntil time.Duration
	// Talked is the talk spurts of the last Window, the present one not yet.
	Talked Talked
	// SpentUntil is when a press that was refused as BudgetSpent may be granted; 0 once it
	// may. The account in Redis, which other ports of the user share, may know better.
	SpentUntil time.Duration
}

// New is a port just started: idle, rights not yet known, link not yet up.
func New(r Rules) Floor { return Floor{Rules: r, Bar: NoAnswer, Fault: NoLink} }

// Pressed reports whether the push-to-talk is held.
func (f Floor) Pressed() bool {
	return f.Phase == Requesting || f.Phase == Waiting || f.Phase == Talking || f.Phase == Refused
}

// MicOpen reports whether what is said now reaches the channel.
func (f Floor) MicOpen() bool { return f.Phase == Talking }

// Wake is when the machine wants its next Tick; ok is false where it waits for
// nothing but people.
func (f Floor) Wake() (at time.Duration, ok bool) {
	switch f.Phase {
	case Requesting:
		return f.Deadline, true
	case Waiting:
		if f.Deadline > 0 {
			return min(f.Deadline, f.GiveUp), true
		}
		return min(f.AskAt, f.GiveUp), true
	case Talking:
		at = min(f.Lease, f.RenewAt)
		if f.Limit > 0 {
			at = min(at, f.Limit)
		}
		if f.WarnAt > 0 {
			at = min(at, f.WarnAt)
		}
		return at, true
	case Draining:
		return min(f.Lease, f.Deadline), true
	case Idle, Refused:
	}
	return 0, false
}

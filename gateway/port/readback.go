package port

import "time"

// readbackTime is how long a transmitter may take to do as it is told.
const readbackTime = 500 * time.Millisecond

// KeyFault says in what a transmitter differs from what it is told, as the
// readback of PTT-out shows. It is a word for metrics and logs.
type KeyFault string

const (
	// NoKeyFault is a transmitter that does as it is told.
	NoKeyFault KeyFault = ""
	// NotKeyed is one that is told to transmit, and does not: it was let go
	// until speech pauses, and until it is seen to transmit again it may be
	// broken.
	NotKeyed KeyFault = "not_keyed"
	// StuckKeyed is one that transmits unasked: it is not keyed by us until it
	// stops.
	StuckKeyed KeyFault = "stuck_keyed"
)

// KeyRemedy is what to do about a KeyFault, for people.
const KeyRemedy = "see PTT-out, its wire and its readback"

// KeyFaults are all there are.
func KeyFaults() []KeyFault { return []KeyFault{NotKeyed, StuckKeyed} }

// readback compares what a line is driven to with what its echo shows. It knows
// no clock and no line.
type readback struct {
	driven, seen bool
	since        time.Duration // when one of them last changed
	fault        KeyFault
	barred       bool // not keyed again before speech pauses
}

func (r *readback) drive(active bool, at time.Duration) { r.driven, r.since = active, at }

func (r *readback) see(active bool, at time.Duration) {
	if active != r.seen {
		r.seen, r.since = active, at
	}
}

// settle lets time pass, and reports whether the fault changed.
func (r *readback) settle(now time.Duration) (changed bool) {
	was := r.fault
	due, waiting := r.due()
	switch {
	case waiting && now >= due && r.driven:
		r.fault, r.barred = NotKeyed, true
	case waiting && now >= due:
		r.fault = StuckKeyed
	case r.driven && r.seen, r.fault == StuckKeyed && !r.seen:
		r.fault = NoKeyFault
	}
	return r.fault != was
}

// due is when settle finds a fault if nothing changes; ok is false if it does
// not.
func (r *readback) due() (at time.Duration, ok bool) {
	return r.since + readbackTime, r.driven != r.seen && !r.barred && r.fault != StuckKeyed
}

// allow is what the line may be driven to of what is wanted.
func (r *readback) allow(want bool) bool {
	r.barred = r.barred && want
	return want && !r.barred && r.fault != StuckKeyed
}

package output

import "time"

// readbackTime is how long a transmitter may take to do what PTT-out tells it.
const readbackTime = 500 * time.Millisecond

// KeyFault is how a transmitter differs from what PTT-out tells it, as its readback
// shows. It is a word for metrics and logs.
type KeyFault string

const (
	// NoKeyFault is a transmitter that obeys.
	NoKeyFault KeyFault = ""
	// NotKeyed is one that is told to transmit and does not. It is let go until speech
	// pauses. The fault stays until it was seen to transmit.
	NotKeyed KeyFault = "not_keyed"
	// StuckKeyed is one that transmits unasked. It is not keyed by us until it stops.
	StuckKeyed KeyFault = "stuck_keyed"
)

// KeyRemedy is what to do about a KeyFault, for people.
const KeyRemedy = "see PTT-out, its wire and its readback"

// KeyFaults lists all faults.
func KeyFaults() []KeyFault { return []KeyFault{NotKeyed, StuckKeyed} }

// readback compares what a line is driven to with what its echo shows. It is pure: time
// comes with each call.
type readback struct {
	driven, seen bool
	since        time.Duration // when one of them last changed
	fault        KeyFault
	barred       bool // not keyed again before speech pauses
}

func (r *readback) drive(active bool, at time.Duration) { r.driven, r.since = active, at }

func (r *readback) observe(active bool, at time.Duration) {
	if active != r.seen {
		r.seen, r.since = active, at
	}
}

// tick applies the passing of time and reports whether the fault changed.
func (r *readback) tick(now time.Duration) (changed bool) {
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

// due is when tick finds a fault if nothing changes; ok is false if it does not.
func (r *readback) due() (at time.Duration, ok bool) {
	return r.since + readbackTime, r.driven != r.seen && !r.barred && r.fault != StuckKeyed
}

// allow is what the line may be driven to if want is wanted.
func (r *readback) allow(want bool) bool {
	r.barred = r.barred && want
	return want && !r.barred && r.fault != StuckKeyed
}

package hal

import "time"

// Edge is one debounced change of an input line.
type Edge struct {
	// Active is the logical level after the change; polarity is the driver's
	// business.
	Active bool
	// At is when the contact changed, as near to the hardware as the driver
	// can tell (the kernel's timestamp, not the time of delivery).
	At time.Time
}

// Input is a line that is read: a push-to-talk button, a carrier-operated
// relay.
type Input interface {
	// Active is the present logical level.
	Active() (bool, error)
	// Edges delivers every debounced change in order. It is closed when the
	// line is gone or closed; Err then tells why.
	Edges() <-chan Edge
	// Err is nil while Edges is open, then ErrClosed or an error that wraps
	// ErrGone.
	Err() error
	Close() error
}

// Output is a line that is driven: PTT-out, an amplifier's enable.
// Closing one leaves it inactive.
type Output interface {
	Set(active bool) error
	Close() error
}

package floor

import "time"

// Kind is the kind of an Event.
type Kind uint8

const (
	// Press: the push-to-talk was pressed.
	Press Kind = iota
	// Release: the push-to-talk was released.
	Release
	// EmergencyOn: the user wants to talk to all channels of the event, whoever
	// talks there.
	EmergencyOn
	// EmergencyOff: the user wants it no more.
	EmergencyOff
	// RightsHeld: the user may talk on the channel.
	RightsHeld
	// RightsLost: the user may not; Why tells.
	RightsLost
	// LinkUp: speech can get from the microphone to the channel.
	LinkUp
	// LinkDown: it cannot; Why tells.
	LinkDown
	// Granted answers request Gen: the lock is ours, Until is its lease.
	Granted
	// Denied answers request Gen: the lock is not ours; Why and Holder tell.
	Denied
	// Queued answers request Gen: another has the floor, and the request has Place
	// in the queue.
	Queued
	// Failed answers request Gen: no answer came, the lock may be ours.
	Failed
	// Renewed: the lock of request Gen was renewed, Until is its new lease.
	Renewed
	// Lost: the lock of request Gen must not be relied on any more; Why and
	// Holder tell.
	Lost
	// Freed: something hints that nobody has the floor.
	Freed
	// Suspect: something suggests that the lock is no longer ours; renew it to know.
	Suspect
	// Drained: the last frame of request Gen has been sent.
	Drained
	// Tick: time has passed.
	Tick
)

// Event is what happens to a port.
type Event struct {
	Kind Kind
	// At is when it happened, on the port's monotonic clock.
	At time.Duration
	// Said belongs to Press, EmergencyOn, and their ends: from when, or until when, what was said
	// counts; 0 is At.
	Said time.Duration
	// Gen is the request that an answer belongs to.
	Gen uint32
	// Until is the end of the lease (Granted, Renewed): the time before the
	// command was sent, plus the lease.
	Until time.Duration
	// Left is what of the user's talk budget is left for all ports together (Granted); 0
	// is without one. Wait is how long until some is, where Why is BudgetSpent (Denied,
	// Lost).
	Left, Wait time.Duration
	// Why belongs to Denied, Lost, RightsLost and LinkDown; Holder to the
	// first two and to Queued.
	Why    Reason
	Holder string
	// Place belongs to Queued: 1 is next.
	Place int
}

// Do is the kind of an Effect.
type Do uint8

const (
	// Request: ask Redis for the lock as request Gen. It is answered by
	// exactly one of Granted, Queued, Denied, Failed; Queued is asked again.
	Request Do = iota
	// Renew: renew the lock of request Gen; answered by Renewed, Lost, or not
	// at all.
	Renew
	// Yield: hand the lock of request Gen back, or its place in the queue, if it
	// is held at all.
	Yield
	// Open: let speech out until the lease ends at Until, beginning with what
	// was said since the press, or where At is not 0 since then.
	Open
	// Extend: the lease now ends at Until.
	Extend
	// Drain: let out what was said up to At, nothing later, then report
	// Drained.
	Drain
	// Close: not one frame more.
	Close
	// Notify: play Signal to the person at the port.
	Notify
)

// Signal is a tone or lamp for the person at the port.
type Signal uint8

// Signals.
const (
	SignalPermit Signal = iota
	SignalDeny
	SignalBusy
	SignalRevoked
	SignalReleased
	// SignalWarning: the time-out timer is about to cut.
	SignalWarning
)

// Effect is what a port has to do, in order.
type Effect struct {
	Do     Do
	Gen    uint32
	Until  time.Duration
	At     time.Duration
	Signal Signal
	// All belongs to Request: ask for the floors of all channels of the event.
	All bool
}

package floor

import (
	"fmt"
	"time"
)

// MaxEpochAhead is how far an epoch may be ahead of the local clock. Epochs start
// at the time in milliseconds by the clock of Redis. An epoch further ahead is junk
// and counts as none: if it were believed, it would outrank every later grant.
const MaxEpochAhead = 24 * time.Hour

// clockSkew is how far the clock of Redis may be ahead of the local one.
const clockSkew = time.Minute

// Reading is one reading of a channel's speaker lock. H describes the holder.
type Reading[H any] struct {
	// Known is false when the lock could not be read. Only At is set then.
	Known bool
	// Holder is nil on an idle channel.
	Holder *H
	// Epoch is the fencing token of the holder's grant; 0 for a lock without one.
	Epoch uint64
	// At is when the read was sent. The reading is at least as new.
	At time.Time
	// TTL is what was left of the lock; negative for a lock without end.
	TTL time.Duration
}

// View is who has the floor of one channel, and until when that may be relied on.
// Everybody who gates audio by Redis uses it, so that all give the same verdict.
// It is pure: the caller passes readings and the time. The zero value with a Lease
// knows nothing. A View is not safe for concurrent use.
type View[H any] struct {
	// Lease is how long a reading is relied on at most.
	Lease time.Duration

	known   bool
	idle    bool // the lock was free in the last reading that succeeded
	holder  *H
	epoch   uint64 // the newest seen
	refused uint64 // the newest that was refused
	readAt  time.Time
	until   time.Time // the holder has the floor before this
}

// Apply applies a reading. It ignores one older than the last. One that failed
// leaves the last reading to run out.
//
// A holder whose epoch is older than one seen before is refused: another grant has
// overtaken it, whatever the key says, and nobody has the floor. Apply returns an
// error for the first reading of each such epoch. An epoch from the future outranks
// later grants only until the channel is idle: then it is forgotten.
func (v *View[H]) Apply(r Reading[H]) error {
	if r.At.Before(v.readAt) {
		return nil
	}
	v.known = r.Known
	if !r.Known {
		return nil
	}
	v.readAt, v.holder, v.idle = r.At, r.Holder, r.Holder == nil
	if r.Holder == nil {
		if v.epoch > uint64(max(0, r.At.Add(clockSkew).UnixMilli())) {
			v.epoch, v.refused = 0, 0
		}
		return nil
	}
	epoch := r.Epoch
	if epoch > uint64(max(0, r.At.Add(MaxEpochAhead).UnixMilli())) {
		epoch = 0
	}
	if epoch != 0 && epoch < v.epoch {
		v.holder = nil
		if epoch == v.refused {
			return nil
		}
		v.refused = epoch
		return fmt.Errorf("epoch %d is older than %d, which was seen before", epoch, v.epoch)
	}
	v.epoch = max(v.epoch, epoch)
	// A lock without end is relied on for one lease, too.
	v.until = r.At.Add(v.Lease)
	if r.TTL >= 0 && r.TTL < v.Lease {
		v.until = r.At.Add(r.TTL)
	}
	return nil
}

// KnownAt reports whether the floor is known at now: the last read succeeded, or
// one did less than a lease ago.
func (v *View[H]) KnownAt(now time.Time) bool {
	return v.known || now.Before(v.readAt.Add(v.Lease))
}

// Known reports whether the last read succeeded.
func (v *View[H]) Known() bool { return v.known }

// Idle reports whether the last read succeeded and found the lock free. It is false
// while a holder is refused.
func (v *View[H]) Idle() bool { return v.known && v.idle }

// Holder returns the holder of the last reading, even if it has run out since; nil
// for nobody.
func (v *View[H]) Holder() *H { return v.holder }

// HolderAt returns who has the floor at now; nil for nobody.
func (v *View[H]) HolderAt(now time.Time) *H {
	if v.holder == nil || !now.Before(v.until) {
		return nil
	}
	return v.holder
}

// Until returns when the holder's floor runs out unless a new reading extends it.
func (v *View[H]) Until() time.Time { return v.until }

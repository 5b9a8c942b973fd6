package hub

import (
	"fmt"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// epochAhead is how far an epoch, which begins as the time in ms by the clock of
// Redis, may be ahead of this machine's. One beyond is junk, and counts as none:
// believed, it would outrank every grant to come.
const epochAhead = 24 * time.Hour

// floorView is what the hub knows of the floor of one channel, and until when it
// may rely on that. It is pure; the zero value with a lease knows nothing.
type floorView struct {
	lease time.Duration

	known  bool // Redis answered last time
	idle   bool // and nobody had the floor
	holder *redis.Holder
	epoch  uint64 // the newest seen
	stale  uint64 // the newest that was refused
	readAt time.Time
	until  time.Time // the holder has the floor before this
}

// see takes in a reading. One that is older than what is known is passed over;
// one that could not be had leaves what is known to run out. A holder whose epoch
// is older than one already seen is refused, with an error the first time, and
// nobody has the floor then: its grant has been overtaken, whatever the key says.
func (v *floorView) see(f redis.FloorView) error {
	if f.ReadAt.Before(v.readAt) {
		return nil
	}
	v.known = f.Known
	v.idle = f.Known && f.Holder == nil
	if !f.Known {
		return nil
	}
	v.readAt = f.ReadAt
	v.holder = f.Holder
	if f.Holder == nil {
		return nil
	}
	epoch := f.Holder.Epoch
	if epoch > uint64(max(0, f.ReadAt.Add(epochAhead).UnixMilli())) {
		epoch = 0
	}
	if epoch != 0 && epoch < v.epoch {
		v.holder = nil
		if epoch == v.stale {
			return nil
		}
		v.stale = epoch
		return fmt.Errorf("epoch %d of %q is older than %d, which was seen before", epoch, f.Holder.UserID, v.epoch)
	}
	v.epoch = max(v.epoch, epoch)
	// A lock without end is relied on no longer than a lease either.
	v.until = f.ReadAt.Add(v.lease)
	if f.TTL >= 0 && f.TTL < v.lease {
		v.until = f.ReadAt.Add(f.TTL)
	}
	return nil
}

// knownAt says whether the floor is known at now: Redis answered last time, or
// less than a lease ago.
func (v *floorView) knownAt(now time.Time) bool {
	return v.known || now.Before(v.readAt.Add(v.lease))
}

// holderAt is who has the floor at now, nil for nobody.
func (v *floorView) holderAt(now time.Time) *redis.Holder {
	if v.holder == nil || !now.Before(v.until) {
		return nil
	}
	return v.holder
}

// rightsView is what the hub knows of the talk rights of one member, on one
// channel.
type rightsView struct {
	known  bool
	talk   bool
	readAt time.Time
	until  time.Time // if unknown, what was known last holds before this
}

// see takes in a reading begun at readAt, and passes over one that is older than
// what is known: a withdrawal may have been published since. Rights that cannot
// be read any more run out a lease after they were read last.
func (v *rightsView) see(r redis.Rights, channel string, readAt time.Time, lease time.Duration) {
	if readAt.Before(v.readAt) {
		return
	}
	v.known = r.Known
	if !r.Known {
		return
	}
	v.readAt = readAt
	v.talk = r.MayTalk(channel)
	v.until = readAt.Add(lease)
}

// mayTalkUntil is until when the member may talk; the zero time is not at all.
// Known rights have no end of their own: their withdrawal is published.
func (v *rightsView) mayTalkUntil(floor time.Time) time.Time {
	switch {
	case !v.talk:
		return time.Time{}
	case !v.known && v.until.Before(floor):
		return v.until
	}
	return floor
}

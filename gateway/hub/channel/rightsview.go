package channel

import (
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// rightsView is the hub's view of one member's talk rights on one channel.
type rightsView struct {
	known  bool
	talk   bool
	banned bool
	readAt time.Time
	until  time.Time // if unknown, what was known last holds before this
}

// apply applies a reading that was begun at readAt. It ignores one older than the last: a
// withdrawal may have been published since. Rights that can no longer be read expire one
// lease after the last reading.
func (v *rightsView) apply(r redis.Rights, channel string, readAt time.Time, lease time.Duration) {
	if readAt.Before(v.readAt) {
		return
	}
	v.known = r.Known
	if !r.Known {
		return
	}
	v.readAt = readAt
	v.talk = r.MayTalk(channel)
	v.banned = r.Banned
	v.until = readAt.Add(lease)
}

// mayTalkUntil returns until when the member may talk if it has the floor until floor;
// the zero time if it may not. Known rights do not expire: their withdrawal is published.
func (v *rightsView) mayTalkUntil(floor time.Time) time.Time {
	switch {
	case !v.talk:
		return time.Time{}
	case !v.known && v.until.Before(floor):
		return v.until
	}
	return floor
}

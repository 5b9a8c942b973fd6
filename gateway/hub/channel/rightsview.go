package channel

import (
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// rightsView is what the hub knows of the talk rights of one member, on one
// channel.
type rightsView struct {
	known  bool
	talk   bool
	readAt time.Time
	until  time.Time // if unknown, what was known last holds before this
}

// apply takes in a reading begun at readAt, and passes over one that is older than
// what is known: a withdrawal may have been published since. Rights that cannot
// be read any more run out a lease after they were read last.
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

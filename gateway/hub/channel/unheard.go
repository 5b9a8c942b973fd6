package channel

import (
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
)

// onUnheard informs a member that sends why its packets are not forwarded, and reads the
// floor again: the member may have the lock, and the event was lost. It ignores browsers,
// which send all the time and get the reason by their event stream.
func (ch *Channel) onUnheard(src *forward.Source) {
	ch.mu.Lock()
	m := ch.members[src.UserID]
	silent := m == nil || m.streams > 0
	why := ch.whyUnheard(m, time.Now())
	ch.mu.Unlock()
	if silent {
		return
	}
	ch.log.Warn("a member talks and is not heard", "user", src.UserID, "reason", why)
	src.Unheard(string(why))
	ch.requestRead()
}

// whyUnheard returns why a member's packets are not forwarded. The caller holds ch.mu.
func (ch *Channel) whyUnheard(m *Member, now time.Time) Reason {
	holder := ch.floor.HolderAt(now)
	switch {
	case !ch.floor.KnownAt(now):
		return ReasonRedis
	case m != nil && !now.Before(m.mayTalkUntil(now.Add(ch.Lease))):
		return ReasonNoRights
	case holder != nil && m != nil && holder.UserID != m.userID:
		return ReasonBusy
	case holder == nil && !ch.floor.Idle():
		return ReasonOvertaken
	}
	return ReasonLost
}

package channel

import (
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
)

// onUnheard tells a member that sends why nothing of it is forwarded, and reads the
// floor again: it may have the lock and only the news was lost. A browser sends all the
// time, and knows from its event stream.
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

// whyUnheard is why a member is not heard that sends. ch.mu is held.
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

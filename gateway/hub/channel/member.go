package channel

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
)

// Member is one user on one channel, with all its sessions.
type Member struct {
	userID string

	// asking serializes the floor requests of one browser.
	asking sync.Mutex

	// Deaf is set while nothing is forwarded to the member: it is banned, has lost the
	// channel, or may have lost it before it joined.
	Deaf atomic.Bool

	// What follows is guarded by the channel's lock.

	userName  string             // as the newest session has it
	uses      int                // sessions and streams that keep it a member
	leave     context.CancelFunc // ends the watch of its rights
	rights    rightsView
	recalled  bool            // whether it lost the channel before it came is known
	source    *forward.Source // nil while it has no WHIP session
	listeners int             // WHEP sessions
	streams   int             // event streams
	lock      *lockHolder     // the last lock that the hub held for it
}

// mayTalkUntil returns until when the member may be heard if it has the floor until
// floor.
func (m *Member) mayTalkUntil(floor time.Time) time.Time { return m.rights.mayTalkUntil(floor) }

// Release releases the lock that the hub holds for the member, if any.
func (m *Member) Release(why Reason) {
	if m.lock != nil {
		m.lock.stop(why)
	}
}

package channel

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
)

// Member is one user on one channel, by whatever sessions it is there.
type Member struct {
	userID string

	// asking makes floor requests of one browser take their turn.
	asking sync.Mutex

	// deaf says that the member hears nothing: it is banned or lost the channel.
	Deaf atomic.Bool

	// What follows is guarded by the channel's lock.

	userName  string             // as the newest session has it
	uses      int                // sessions and streams that keep it a member
	leave     context.CancelFunc // ends the watch of its rights
	rights    rightsView
	source    *forward.Source // nil while it has no WHIP session
	listeners int             // WHEP sessions
	streams   int             // event streams
	keeper    *lockHolder     // of the floor the hub held for it last
}

// mayTalkUntil is until when the member may be heard, given that it has the
// floor before floor.
func (m *Member) mayTalkUntil(floor time.Time) time.Time { return m.rights.mayTalkUntil(floor) }

// Release lets go of the floor that the hub holds for the member, if it does.
func (m *Member) Release(why Reason) {
	if m.keeper != nil {
		m.keeper.stop(why)
	}
}

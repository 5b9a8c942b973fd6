package channel

import (
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// maxRevocations bounds the memory of who lost which channel.
const maxRevocations = 1 << 16

// membership is one user on one channel.
type membership struct{ channel, userID string }

// revocations remember who lost the membership of a channel, so that a new session
// does not bring back what was taken away. They last as long as the hub.
type revocations struct {
	mu  sync.Mutex
	all map[membership]struct{}
}

func newRevocations() *revocations { return &revocations{all: map[membership]struct{}{}} }

func (r *revocations) add(m membership) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxRevocations {
		for any := range r.all {
			delete(r.all, any)
			break
		}
	}
	r.all[m] = struct{}{}
}

func (r *revocations) remove(m membership) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, m)
}

func (r *revocations) has(m membership) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, yes := r.all[m]
	return yes
}

// onRights applies a reading of a member's rights, begun at readAt. Whoever is banned
// or lost the membership of the channel hears nothing from now on, until it is given
// back. Whoever never had it listens by its token alone.
func (ch *Channel) onRights(m *Member, r redis.Rights, readAt time.Time) {
	ch.change(func() {
		had := m.rights.talk
		if readAt.Before(m.rights.readAt) {
			return
		}
		m.rights.apply(r, ch.ID, readAt, ch.Lease)
		if r.Known {
			m.Deaf.Store(ch.revoked(m.userID, had, r))
		}
		if m.mayTalkUntil(time.Now().Add(ch.Lease)).IsZero() {
			if r.Banned {
				m.Release(ReasonBanned)
			} else {
				m.Release(ReasonRevoked)
			}
		}
	})
}

// revoked says whether a user may not hear the channel any more, given that it had
// the membership before.
func (ch *Channel) revoked(userID string, had bool, r redis.Rights) bool {
	who := membership{ch.ID, userID}
	if r.MayTalk(ch.ID) {
		ch.revocations.remove(who)
		return false
	}
	if had {
		ch.revocations.add(who)
	}
	return r.Banned || ch.revocations.has(who)
}

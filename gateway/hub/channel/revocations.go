package channel

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// maxRevocations bounds the memory of who lost which channel.
const maxRevocations = 1 << 16

// membership is one user on one channel.
type membership struct{ channel, userID string }

// revocationStore keeps in Redis who lost which channel, for other hubs and for restarts.
type revocationStore interface {
	WasRevoked(ctx context.Context, channel, userID string) (bool, error)
	RememberRevoked(ctx context.Context, channel, userID string) error
	ForgetRevoked(ctx context.Context, channel, userID string) error
}

// revocationTimeout bounds one request to the store.
const revocationTimeout = 2 * time.Second

// recallRetry is the pause after a request that the store did not answer.
const recallRetry = time.Second

// revocations is the hub's own memory of who lost the membership of a channel. A new
// session must not give it back, even while Redis does not answer.
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

// recallRevocation asks the store whether a member lost the channel before, until it
// answers. Until then a member hears nothing, unless its rights show that it is one.
func (ch *Channel) recallRevocation(ctx context.Context, m *Member) {
	err := ch.tryRecall(ctx, m)
	if err == nil || ctx.Err() != nil {
		return
	}
	ch.log.Warn("a member without talk rights hears nothing: whether it lost the channel before cannot be read", "user", m.userID, "err", err,
		"do", "let the hub reach Redis, and let its ACL user read ~talkgate:revoked:*")
	ch.loops.Go(func() {
		retry := time.NewTicker(recallRetry)
		defer retry.Stop()
		for err != nil {
			select {
			case <-ctx.Done():
				return
			case <-retry.C:
				err = ch.tryRecall(ctx, m)
			}
		}
	})
}

func (ch *Channel) tryRecall(ctx context.Context, m *Member) error {
	ctx, cancel := context.WithTimeout(ctx, revocationTimeout)
	defer cancel()
	was, err := ch.State.WasRevoked(ctx, ch.ID, m.userID)
	if err != nil {
		return err
	}
	ch.change(func() {
		m.recalled = true
		if was {
			ch.revocations.add(membership{ch.ID, m.userID})
		}
		ch.applyRevocation(m)
	})
	return nil
}

// store starts a change in the revocationStore and does not wait for it.
func (ch *Channel) store(change func(ctx context.Context, channel, userID string) error, userID string) {
	ch.loops.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ch.ctx), revocationTimeout)
		defer cancel()
		if err := change(ctx, ch.ID, userID); err != nil {
			ch.log.Error("who lost the channel is not remembered beyond this hub", "user", userID, "err", err)
		}
	})
}

// onRights applies a reading of a member's rights, which was started at readAt. A member
// that is banned or lost the membership hears nothing until it is given back. A member
// that never had it listens by its token alone.
func (ch *Channel) onRights(m *Member, r redis.Rights, readAt time.Time) {
	ch.change(func() {
		had := m.rights.talk
		if readAt.Before(m.rights.readAt) {
			return
		}
		m.rights.apply(r, ch.ID, readAt, ch.Lease)
		if r.Known {
			if had && !m.rights.talk {
				ch.revocations.add(membership{ch.ID, m.userID})
				ch.store(ch.State.RememberRevoked, m.userID)
			}
			ch.applyRevocation(m)
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

// applyRevocation sets or clears a member's Deaf. A member with the membership is never
// deaf. The caller holds ch.mu.
func (ch *Channel) applyRevocation(m *Member) {
	who := membership{ch.ID, m.userID}
	if m.rights.talk && ch.revocations.has(who) {
		ch.revocations.remove(who)
		ch.store(ch.State.ForgetRevoked, m.userID)
	}
	m.Deaf.Store(!m.rights.talk && (m.rights.banned || !m.recalled || ch.revocations.has(who)))
}

package channel

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/state/redis"
)

// Answer is the answer to a request for the floor, in the HTTP API.
type Answer struct {
	Granted bool    `json:"granted"`
	Epoch   uint64  `json:"epoch,omitempty"`
	Reason  Reason  `json:"reason,omitempty"`
	Error   string  `json:"error,omitempty"`
	Holder  *Holder `json:"holder,omitempty"`
}

// Request requests the floor from Redis for a member that cannot do so itself. If it is
// granted, the hub holds the lock until there is a reason to release it.
func (ch *Channel) Request(ctx context.Context, userID string, role redis.Role, emergency bool) Answer {
	m := ch.Member(userID)
	if m == nil {
		return Answer{Reason: ReasonNoSession, Error: "open a WHIP session on this channel first"}
	}
	m.asking.Lock()
	defer m.asking.Unlock()
	ch.mu.Lock()
	src, streams, held, name := m.source, m.streams, m.lock, m.userName
	ch.mu.Unlock()
	switch {
	case src == nil && !ch.Room:
		return Answer{Reason: ReasonNoSession, Error: "open a WHIP session on this channel first"}
	case streams == 0:
		return Answer{Reason: ReasonNoEvents, Error: "open the channel's event stream first: when it ends the floor is given back"}
	}
	if held != nil {
		if _, ended := held.ended(); !ended && (held.claim.Emergency || !emergency) {
			return Answer{Granted: true, Epoch: held.epoch}
		}
		held.stop(ReasonReleased) // of an ordinary talk spurt, for an emergency
		<-held.stopped
	}
	lastHeard := time.Now // what is said in a LiveKit room is not for the hub to hear
	if src != nil {
		ch.Forwarder.Begin(src)
		lastHeard = func() time.Time { return ch.Forwarder.LastHeard(src) }
	}
	claim := redis.NewClaim(ch.ID, m.userID, name, time.Now(), ch.LockTTL)
	claim.Role, claim.Emergency = role, emergency
	asked := time.Now()
	d, err := ch.State.Acquire(ctx, claim)
	if err != nil {
		ch.log.Warn("floor request was not answered", "user", m.userID, "err", err)
		ch.loops.Go(func() { ch.giveBack(claim) })
		return Answer{Reason: ReasonRedis, Error: "Redis does not answer: press again"}
	}
	switch d.Verdict {
	case redis.Granted:
	case redis.Busy:
		ch.deny(m, fmt.Sprintf("%s wanted the floor while %s had it", name, d.Holder.UserName))
		return Answer{Reason: ReasonBusy, Holder: HolderOf(&d.Holder)}
	case redis.Banned:
		ch.deny(m, name+" is banned")
		return Answer{Reason: ReasonBanned}
	default:
		ch.deny(m, name+" may not talk on this channel")
		return Answer{Reason: ReasonNoRights}
	}
	k := newLockHolder(ch.ctx, ch.State, claim, d.Epoch, ch.Lease, ch.MaxTalk, lastHeard)
	ch.keep(m, src, k, asked)
	return Answer{Granted: true, Epoch: d.Epoch}
}

// keep starts to hold the floor for a member. It opens the gate at once and does not
// wait for the event from Redis.
func (ch *Channel) keep(m *Member, src *forward.Source, k *lockHolder, asked time.Time) {
	ch.change(func() {
		m.lock = k
		ch.kept = k.claim.Token
		// What happened while the request was under way.
		if m.source != src {
			k.stop(ReasonNoSession)
		} else if m.streams == 0 {
			k.stop(ReasonNoEvents)
		}
		ch.applyFloor(redis.FloorView{
			Known:  true,
			Holder: &redis.Holder{UserID: m.userID, UserName: k.claim.UserName, Role: k.claim.Role, Token: k.claim.Token, Emergency: k.emergency(), Epoch: k.epoch, Since: time.UnixMilli(k.claim.At.UnixMilli())},
			ReadAt: asked,
			TTL:    k.claim.TTL,
		})
	})
	ch.loops.Go(func() {
		why := k.Run(asked)
		ch.log.Info("floor given back", "user", m.userID, "epoch", k.epoch, "reason", why)
	})
}

func (ch *Channel) deny(m *Member, text string) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.notify(Notice{ReasonDenied, m.userID, text})
}

// giveBack releases a claim whose request was not answered.
func (ch *Channel) giveBack(claim redis.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ch.ctx), ch.Lease)
	defer cancel()
	// If this fails too, the lock's TTL frees the floor.
	_, _ = ch.State.Release(ctx, claim)
}

// Yield releases the floor that the hub holds for a member, if any, and waits for that.
func (ch *Channel) Yield(userID string) {
	m := ch.Member(userID)
	if m == nil {
		return
	}
	m.asking.Lock()
	defer m.asking.Unlock()
	ch.mu.Lock()
	k := m.lock
	m.Release(ReasonReleased)
	ch.mu.Unlock()
	if k != nil {
		<-k.stopped
	}
}

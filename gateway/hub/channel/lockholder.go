package channel

import (
	"context"
	"errors"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// Reason says why a floor was denied or ended. It is part of the HTTP API.
type Reason string

const (
	ReasonReleased  Reason = "released"
	ReasonRevoked   Reason = "revoked"
	ReasonBanned    Reason = "banned"
	ReasonPreempted Reason = "preempted"
	ReasonLost      Reason = "lost"
	ReasonDenied    Reason = "denied"
	ReasonBusy      Reason = "busy"
	ReasonNoRights  Reason = "no-rights"
	ReasonNoSession Reason = "no-session"
	ReasonNoEvents  Reason = "no-events"
	ReasonSilent    Reason = "silent"
	ReasonTimedOut  Reason = "timed-out"
	ReasonRedis     Reason = "redis"
	ReasonShutdown  Reason = "shutdown"
	ReasonEmergency Reason = "emergency"
	ReasonPaused    Reason = "paused"
	// ReasonOvertaken: the grant is older than one that the hub has seen.
	ReasonOvertaken Reason = "overtaken"
)

// maxSilence is how long a member may send nothing while the hub holds its lock.
const maxSilence = time.Second

// floorLock is what a lockHolder needs of Redis.
type floorLock interface {
	Renew(ctx context.Context, cl redis.Claim) (redis.Renewal, error)
	Release(ctx context.Context, cl redis.Claim) (bool, error)
}

// lockHolder holds the speaker lock for a member that cannot reach Redis itself. It
// renews the lock and releases it once, for the first reason.
type lockHolder struct {
	lock  floorLock
	claim redis.Claim
	epoch uint64
	lease time.Duration
	// maxTalk is the longest talk spurt.
	maxTalk time.Duration
	// lastHeard is when the member last sent a packet.
	lastHeard func() time.Time

	cancel  context.CancelCauseFunc
	ctx     context.Context
	stopped chan struct{} // closed once the lock is let go
}

// endedBecause is a Reason as the cause of a context.
type endedBecause Reason

func (e endedBecause) Error() string { return string(e) }

// newLockHolder returns a holder of a granted claim. It ends with ctx.
func newLockHolder(ctx context.Context, lock floorLock, claim redis.Claim, epoch uint64, lease, maxTalk time.Duration, lastHeard func() time.Time) *lockHolder {
	k := &lockHolder{lock: lock, claim: claim, epoch: epoch, lease: lease, maxTalk: maxTalk, lastHeard: lastHeard, stopped: make(chan struct{})}
	k.ctx, k.cancel = context.WithCancelCause(ctx)
	return k
}

// stop makes Run release the lock.
func (k *lockHolder) stop(why Reason) { k.cancel(endedBecause(why)) }

// Run renews the lock until there is a reason to release it, and returns the reason.
// grantedFrom is when the lock was requested.
func (k *lockHolder) Run(grantedFrom time.Time) Reason {
	defer close(k.stopped)
	why := k.keep(grantedFrom)
	k.stop(why)
	// Release the lock even while the hub shuts down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), k.lease)
	defer cancel()
	// If this fails, the lock ends with its TTL.
	_, _ = k.lock.Release(ctx, k.claim)
	return why
}

func (k *lockHolder) keep(grantedFrom time.Time) Reason {
	tick := time.NewTicker(k.lease / 3)
	defer tick.Stop()
	until := grantedFrom.Add(k.lease)
	lapse := time.NewTimer(time.Until(until))
	defer lapse.Stop()
	limit := time.NewTimer(time.Until(grantedFrom.Add(k.maxTalk)))
	defer limit.Stop()
	heard := time.Now()
	for {
		select {
		case <-k.ctx.Done():
			return k.cause()
		case <-lapse.C:
			return ReasonRedis
		case <-limit.C:
			return ReasonTimedOut
		case now := <-tick.C:
			if last := k.lastHeard(); last.After(heard) {
				heard = last
			}
			if now.Sub(heard) > maxSilence {
				return ReasonSilent
			}
		}
		sent := time.Now()
		ctx, cancel := context.WithDeadline(k.ctx, until)
		renewal, err := k.lock.Renew(ctx, k.claim)
		cancel()
		switch {
		case k.ctx.Err() != nil:
			return k.cause()
		case err != nil:
			continue // another try, or the lease ends
		}
		switch renewal.State {
		case redis.Held:
			until = sent.Add(k.lease)
			lapse.Reset(time.Until(until))
		case redis.Revoked:
			return ReasonRevoked
		case redis.RevokedByBan:
			return ReasonBanned
		default:
			if renewal.Holder == nil {
				return ReasonLost
			}
			return ReasonPreempted
		}
	}
}

// emergency returns the channel on which the holder of an emergency speaks; empty if
// there is no emergency.
func (k *lockHolder) emergency() string {
	if k.claim.Emergency {
		return k.claim.Channel
	}
	return ""
}

// ended reports whether Run has ended or is about to, and why.
func (k *lockHolder) ended() (why Reason, yes bool) {
	if k.ctx.Err() == nil {
		return "", false
	}
	return k.cause(), true
}

func (k *lockHolder) cause() Reason {
	var because endedBecause
	if errors.As(context.Cause(k.ctx), &because) {
		return Reason(because)
	}
	return ReasonShutdown
}

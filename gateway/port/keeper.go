package port

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// SpeakerLock is the floor in Redis. An error means that nobody knows what
// Redis did.
type SpeakerLock interface {
	Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error)
	Renew(ctx context.Context, cl redis.Claim) (redis.Standing, error)
	Release(ctx context.Context, cl redis.Claim) (bool, error)
}

// order is one command for the keeper.
type order struct {
	do  floor.Do // Request, Renew or Yield
	gen uint32
	// claim and by belong to Request: what to ask with, and until when the
	// answer is wanted.
	claim redis.Claim
	by    time.Duration
}

// keeper carries out the machine's Request, Renew and Yield, one at a time and
// in order: the lock of one press is handed back before the next press asks.
// What is no longer of use when its turn comes is not sent.
type keeper struct {
	lock  SpeakerLock
	lease atomic.Int64 // a time.Duration
	now   func() time.Duration
	tell  func(floor.Event)
	log   *slog.Logger
	// turned is called with each turn of run.
	turned func()

	// claims are those of the requests that have not been denied or handed
	// back. run owns them.
	claims map[uint32]redis.Claim

	mu     sync.Mutex
	orders []order
	wake   chan struct{}
}

func newKeeper(lock SpeakerLock, lease time.Duration, now func() time.Duration, tell func(floor.Event), log *slog.Logger) *keeper {
	k := &keeper{lock: lock, now: now, tell: tell, log: log, turned: func() {},
		claims: make(map[uint32]redis.Claim), wake: make(chan struct{}, 1)}
	k.lease.Store(int64(lease))
	return k
}

func (k *keeper) leaseTime() time.Duration { return time.Duration(k.lease.Load()) }

// post adds an order and never blocks. A renewal that still waits gives way to
// any later order for the same lock.
func (k *keeper) post(o order) {
	k.mu.Lock()
	k.orders = append(slices.DeleteFunc(k.orders, func(waits order) bool {
		return waits.do == floor.Renew && waits.gen == o.gen
	}), o)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// take removes the oldest order.
func (k *keeper) take() (o order, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.orders) == 0 {
		return order{}, false
	}
	o = k.orders[0]
	k.orders = slices.Delete(k.orders, 0, 1)
	return o, true
}

// run works until over is closed, after which nothing is posted any more, and
// then through what is left. Once ctx has ended it only hands back, also what was
// granted when nobody was there any more to take it.
func (k *keeper) run(ctx context.Context, over <-chan struct{}) {
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	for last := false; !last; {
		k.turned()
		select {
		case <-k.wake:
		case <-pulse.C:
		case <-over:
			last = true
		}
		for o, ok := k.take(); ok; o, ok = k.take() {
			k.carryOut(ctx, o)
			k.turned()
		}
	}
	for gen := range k.claims {
		k.carryOut(ctx, order{do: floor.Yield, gen: gen})
	}
}

func (k *keeper) carryOut(ctx context.Context, o order) {
	switch o.do {
	case floor.Request:
		k.request(ctx, o)
	case floor.Renew:
		k.renew(ctx, o)
	case floor.Yield:
		// Also when everything else has ended: nobody should wait for the
		// lock's TTL.
		k.yield(context.WithoutCancel(ctx), o)
	default:
	}
}

func (k *keeper) request(ctx context.Context, o order) {
	sent := k.now()
	if sent >= o.by || ctx.Err() != nil {
		ev := floor.Event{Kind: floor.Denied, At: sent, Gen: o.gen, Why: floor.NoAnswer}
		if _, waits := k.claims[o.gen]; waits { // its place in the queue is to be given up
			ev.Kind = floor.Failed
		}
		k.tell(ev)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, o.by-sent)
	defer cancel()
	k.claims[o.gen] = o.claim
	d, err := k.lock.Acquire(ctx, o.claim)
	ev := floor.Event{Kind: floor.Denied, At: k.now(), Gen: o.gen}
	if err == nil {
		k.log.Debug("floor was asked for", "request", o.gen, "verdict", d.Verdict.String(), "took", (ev.At - sent).String())
	}
	switch {
	case err != nil:
		k.log.Warn("floor request was not answered", "err", err)
		ev.Kind = floor.Failed
	case d.Verdict == redis.Granted:
		ev.Kind, ev.Until = floor.Granted, sent+k.leaseTime()
	case d.Verdict == redis.Queued:
		ev.Kind, ev.Place, ev.Holder = floor.Queued, d.Place, d.Holder.UserName
	case d.Verdict == redis.Busy:
		ev.Why, ev.Holder = floor.Busy, d.Holder.UserName
	case d.Verdict == redis.Banned:
		ev.Why = floor.Banned
	default:
		ev.Why = floor.NoRights
	}
	if ev.Kind == floor.Denied {
		delete(k.claims, o.gen)
	}
	k.tell(ev)
}

func (k *keeper) renew(ctx context.Context, o order) {
	claim, ok := k.claims[o.gen]
	if !ok {
		return
	}
	sent := k.now()
	ctx, cancel := context.WithTimeout(ctx, k.leaseTime()/2)
	defer cancel()
	s, err := k.lock.Renew(ctx, claim)
	if err != nil {
		// The lease is what ends a talk spurt that cannot be renewed.
		k.log.Warn("floor was not renewed", "err", err)
		return
	}
	ev := floor.Event{Kind: floor.Lost, At: k.now(), Gen: o.gen, Why: floor.Revoked}
	k.log.Debug("floor was renewed", "request", o.gen, "standing", s.State.String(), "took", (ev.At - sent).String())
	switch {
	case s.State == redis.Held:
		ev.Kind, ev.Why, ev.Until = floor.Renewed, floor.NoReason, sent+k.leaseTime()
	case s.State == redis.RevokedByBan:
		ev.Why = floor.Banned
	case s.Holder != nil:
		ev.Why, ev.Holder = floor.Preempted, s.Holder.UserName
	case s.State == redis.Lost:
		ev.Why = floor.Cleared
	}
	k.tell(ev)
}

func (k *keeper) yield(ctx context.Context, o order) {
	claim, ok := k.claims[o.gen]
	if !ok {
		return
	}
	delete(k.claims, o.gen)
	ctx, cancel := context.WithTimeout(ctx, k.leaseTime()/2)
	defer cancel()
	held, err := k.lock.Release(ctx, claim)
	if err != nil {
		k.log.Warn("floor was not handed back; its TTL frees it", "ttl", claim.TTL, "err", err)
		return
	}
	k.log.Debug("floor was handed back", "request", o.gen, "held", held)
}

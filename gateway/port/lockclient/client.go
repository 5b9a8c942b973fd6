// Package lockclient takes, renews and hands back the speaker lock of a port, one
// request at a time.
package lockclient

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// SpeakerLock is the floor in Redis. After an error nobody knows what Redis did.
type SpeakerLock interface {
	Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error)
	Renew(ctx context.Context, cl redis.Claim) (redis.Renewal, error)
	Release(ctx context.Context, cl redis.Claim) (bool, error)
}

// Order is one command of the talk-rights machine.
type Order struct {
	Do  floor.Do // floor.Request, floor.Renew or floor.Yield
	Gen uint32   // the request that it belongs to
	// Claim and By belong to a Request: what to ask with, and until when an answer is
	// of use.
	Claim redis.Claim
	By    time.Duration
}

// Config is what a Client is made of.
type Config struct {
	Lock SpeakerLock
	// Lease is how long a grant or a renewal may be relied on.
	Lease time.Duration
	// Now is the port's monotonic clock.
	Now func() time.Duration
	// Notify delivers the outcome of an order to the machine, Turned is called with each
	// turn of Run. Notify may block, Turned does not.
	Notify func(floor.Event)
	Turned func()
	Log    *slog.Logger
}

// Client carries out orders one at a time and in order: the lock of one press is handed
// back before the next press asks for it. An order that is of no use any more when its
// turn comes is not sent.
type Client struct {
	cfg   Config
	lease atomic.Int64 // a time.Duration

	// claims are those of the requests that have not been denied or handed back. The
	// goroutine of Run owns them.
	claims map[uint32]redis.Claim

	mu     sync.Mutex
	orders []Order
	wake   chan struct{}
}

// New makes a Client that holds no lock.
func New(cfg Config) *Client {
	c := &Client{cfg: cfg, claims: make(map[uint32]redis.Claim), wake: make(chan struct{}, 1)}
	c.SetLease(cfg.Lease)
	return c
}

// SetLease changes the lease. Any goroutine may call it.
func (c *Client) SetLease(d time.Duration) { c.lease.Store(int64(d)) }

func (c *Client) leaseTime() time.Duration { return time.Duration(c.lease.Load()) }

// Send adds an order and never blocks. A renewal that still waits is replaced by any
// later order for the same lock.
func (c *Client) Send(o Order) {
	c.mu.Lock()
	c.orders = append(slices.DeleteFunc(c.orders, func(waits Order) bool {
		return waits.Do == floor.Renew && waits.Gen == o.Gen
	}), o)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// next removes the oldest order.
func (c *Client) next() (o Order, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orders) == 0 {
		return Order{}, false
	}
	o = c.orders[0]
	c.orders = slices.Delete(c.orders, 0, 1)
	return o, true
}

// Run carries out orders until over is closed, after which no more are sent, and then
// those that are left. Once ctx has ended it only hands locks back, including a lock that
// was granted when the actor was gone.
func (c *Client) Run(ctx context.Context, over <-chan struct{}) {
	tick := time.NewTicker(pulse.Period)
	defer tick.Stop()
	for last := false; !last; {
		c.cfg.Turned()
		select {
		case <-c.wake:
		case <-tick.C:
		case <-over:
			last = true
		}
		for o, ok := c.next(); ok; o, ok = c.next() {
			c.carryOut(ctx, o)
			c.cfg.Turned()
		}
	}
	for gen := range c.claims {
		c.carryOut(ctx, Order{Do: floor.Yield, Gen: gen})
	}
}

func (c *Client) carryOut(ctx context.Context, o Order) {
	switch o.Do {
	case floor.Request:
		c.request(ctx, o)
	case floor.Renew:
		c.renew(ctx, o)
	case floor.Yield:
		// Also once everything else has ended: nobody should have to wait for the lock's
		// TTL.
		c.yield(context.WithoutCancel(ctx), o)
	default:
	}
}

func (c *Client) request(ctx context.Context, o Order) {
	sent := c.cfg.Now()
	if sent >= o.By || ctx.Err() != nil {
		ev := floor.Event{Kind: floor.Denied, At: sent, Gen: o.Gen, Why: floor.NoAnswer}
		if _, queued := c.claims[o.Gen]; queued { // its place in the queue has to be given up
			ev.Kind = floor.Failed
		}
		c.cfg.Notify(ev)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, o.By-sent)
	defer cancel()
	c.claims[o.Gen] = o.Claim
	d, err := c.cfg.Lock.Acquire(ctx, o.Claim)
	ev := floor.Event{Kind: floor.Denied, At: c.cfg.Now(), Gen: o.Gen}
	if err == nil {
		c.cfg.Log.Debug("floor was asked for", "request", o.Gen, "verdict", d.Verdict.String(), "took", (ev.At - sent).String())
	}
	switch {
	case err != nil:
		c.cfg.Log.Warn("floor request was not answered", "err", err)
		ev.Kind = floor.Failed
	case d.Verdict == redis.Granted:
		ev.Kind, ev.Until, ev.Left = floor.Granted, sent+c.leaseTime(), d.Left
	case d.Verdict == redis.Queued:
		ev.Kind, ev.Place, ev.Holder = floor.Queued, d.Place, d.Holder.UserName
	case d.Verdict == redis.Busy:
		ev.Why, ev.Holder = floor.Busy, d.Holder.UserName
	case d.Verdict == redis.Spent:
		ev.Why, ev.Wait = floor.BudgetSpent, d.Wait
	case d.Verdict == redis.Banned:
		ev.Why = floor.Banned
	default:
		ev.Why = floor.NoRights
	}
	if ev.Kind == floor.Denied {
		delete(c.claims, o.Gen)
	}
	c.cfg.Notify(ev)
}

func (c *Client) renew(ctx context.Context, o Order) {
	claim, ok := c.claims[o.Gen]
	if !ok {
		return
	}
	sent := c.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, c.leaseTime()/2)
	defer cancel()
	s, err := c.cfg.Lock.Renew(ctx, claim)
	if err != nil {
		// The lease ends a talk spurt that cannot be renewed.
		c.cfg.Log.Warn("floor was not renewed", "err", err)
		return
	}
	ev := floor.Event{Kind: floor.Lost, At: c.cfg.Now(), Gen: o.Gen, Why: floor.Revoked}
	c.cfg.Log.Debug("floor was renewed", "request", o.Gen, "state", s.State.String(), "took", (ev.At - sent).String())
	switch {
	case s.State == redis.Held:
		ev.Kind, ev.Why, ev.Until = floor.Renewed, floor.NoReason, sent+c.leaseTime()
	case s.State == redis.RevokedByBan:
		ev.Why = floor.Banned
	case s.State == redis.OverBudget:
		ev.Why, ev.Wait = floor.BudgetSpent, s.Wait
	case s.Holder != nil:
		ev.Why, ev.Holder = floor.Preempted, s.Holder.UserName
	case s.State == redis.Lost:
		ev.Why = floor.Cleared
	}
	c.cfg.Notify(ev)
}

func (c *Client) yield(ctx context.Context, o Order) {
	claim, ok := c.claims[o.Gen]
	if !ok {
		return
	}
	delete(c.claims, o.Gen)
	ctx, cancel := context.WithTimeout(ctx, c.leaseTime()/2)
	defer cancel()
	held, err := c.cfg.Lock.Release(ctx, claim)
	if err != nil {
		c.cfg.Log.Warn("floor was not handed back; its TTL frees it", "ttl", claim.TTL, "err", err)
		return
	}
	c.cfg.Log.Debug("floor was handed back", "request", o.Gen, "held", held)
}

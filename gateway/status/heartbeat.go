package status

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

const (
	// beatsMissed is how many heartbeats may be missed before a gateway counts as
	// gone.
	beatsMissed = 3
	// newsDelay is how far apart two reports are at least.
	newsDelay = 500 * time.Millisecond
	// talkPeriod is how often a talking gateway reports: its level is looked at.
	talkPeriod = time.Second
	// beatTime bounds one report, byeTime the last one.
	beatTime = 2 * time.Second
	byeTime  = 300 * time.Millisecond
)

// ReportStore keeps the reports of the fleet.
type ReportStore interface {
	PutReport(ctx context.Context, r fleet.Report, ttl time.Duration) error
}

// Heartbeat reports a gateway to the fleet. What Redis does not take is lost: the
// next one says more.
type Heartbeat struct {
	store  ReportStore
	report func() fleet.Report
	every  time.Duration
	log    *slog.Logger

	own    atomic.Pointer[ownNews]
	news   chan struct{}
	failed bool
}

// ownNews is what of a port's status is reported at once. Who else talks on its
// channel is not: a whole fleet would report with every press.
type ownNews struct {
	channel       string
	phase         floor.Phase
	link          port.LinkFault
	redis, rights bool
}

// NewHeartbeat returns a Heartbeat that stores a report every so often, and at once after
// a change.
func NewHeartbeat(store ReportStore, report func() fleet.Report, every time.Duration, log *slog.Logger) *Heartbeat {
	h := &Heartbeat{store: store, report: report, every: every, log: log, news: make(chan struct{}, 1)}
	h.own.Store(&ownNews{})
	return h
}

// Observe processes the port's status. It returns at once.
func (h *Heartbeat) Observe(s port.Status) {
	now := ownNews{s.Channel, s.Floor.Phase, s.Link, s.Redis, s.Floor.Rights}
	if now == *h.own.Load() {
		return
	}
	h.own.Store(&now)
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// Run reports until ctx ends, and then that the gateway was stopped.
func (h *Heartbeat) Run(ctx context.Context) {
	h.Keep(ctx)
	h.Goodbye(ctx)
}

// Keep reports until ctx ends.
func (h *Heartbeat) Keep(ctx context.Context) {
	// Gateways that were powered up together do not stay together.
	next := time.NewTimer(rand.N(min(h.every, talkPeriod)))
	defer next.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-h.news:
			next.Stop()
		}
		h.beat(ctx)
		next.Reset(h.pause())
		pause.Reset(min(newsDelay, h.every))
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// pause is until the next report, a tenth more or less.
func (h *Heartbeat) pause() time.Duration {
	every := h.every
	if h.own.Load().phase == floor.Talking {
		every = min(every, talkPeriod)
	}
	return every - every/10 + rand.N(every/5+1)
}

func (h *Heartbeat) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, beatTime)
	defer cancel()
	err := h.store.PutReport(ctx, h.report(), beatsMissed*h.every)
	switch {
	case err == nil && h.failed:
		h.log.Info("the fleet hears of this gateway again")
	case err != nil && !h.failed && ctx.Err() != context.Canceled:
		h.log.Warn("this gateway cannot report to the fleet; see the rule of a port in docs/redis.md", "err", err)
	}
	h.failed = err != nil
}

// Goodbye is the last report: it no longer counts as soon as it is there.
func (h *Heartbeat) Goodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), byeTime)
	defer cancel()
	r := h.report()
	r.Health = fleet.Health{Summary: "stopped", Xruns: r.Health.Xruns}
	r.Lamps, r.Link, r.Floor = fleet.Lamps{}, fleet.Link{}, fleet.Floor{State: "idle"}
	if err := h.store.PutReport(ctx, r, time.Millisecond); err != nil {
		h.log.Debug("the fleet was not told of the end", "err", err)
	}
}

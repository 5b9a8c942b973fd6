package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// clockPeriod is how often a wrong clock is looked at.
	clockPeriod = time.Second
	// clockReminder is how often the log is told that it is still wrong.
	clockReminder = time.Minute
)

// clock knows when the time of day is evidently wrong: a board without a battery
// boots in the past. Certificates and tokens are of no use then.
type clock struct {
	// earliest is a time that has surely passed.
	earliest time.Time
	now      func() time.Time
	log      *slog.Logger
}

// newClock takes the time at which this talkgate was committed, less a day for
// clocks that disagree, for one that has surely passed.
func newClock(log *slog.Logger) *clock {
	earliest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // of a build without version control
	if info, ok := debug.ReadBuildInfo(); ok {
		if made, err := time.Parse(time.RFC3339, versionOf(info).Time); err == nil {
			earliest = made.Add(-24 * time.Hour)
		}
	}
	return &clock{earliest: earliest, now: time.Now, log: log}
}

func (c *clock) right() bool { return !c.now().Before(c.earliest) }

// wait waits until the clock is not evidently wrong, or ctx ends.
func (c *clock) wait(ctx context.Context, what string) {
	if c.right() {
		return
	}
	look := time.NewTicker(clockPeriod)
	defer look.Stop()
	for said := time.Duration(0); !c.right(); said += clockPeriod {
		if said%clockReminder == 0 {
			c.log.Warn("the clock is wrong, and is waited for: is a time server reachable? See 'timedatectl'", "waiting", what,
				"clock", c.now().UTC().Format(time.RFC3339), "expected_after", c.earliest.UTC().Format(time.RFC3339))
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
	c.log.Info("the clock is right", "what", what, "clock", c.now().UTC().Format(time.RFC3339))
}

// clockedLink connects once the clock is right.
type clockedLink struct {
	port.Link
	clock *clock
}

// Run implements port.Link.
func (l clockedLink) Run(ctx context.Context, ev port.LinkEvents) error {
	l.clock.wait(ctx, "the link")
	return l.Link.Run(ctx, ev)
}

// clockedWatch reads of Redis, over TLS, once the clock is right.
type clockedWatch struct {
	redis.Talker
	clock *clock
}

// WatchRights implements port.RightsWatcher.
func (w clockedWatch) WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error {
	w.clock.wait(ctx, "the watch of talk rights")
	return w.Talker.WatchRights(ctx, userID, fn)
}

// WatchChannel implements port.FloorWatcher.
func (w clockedWatch) WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error {
	w.clock.wait(ctx, "the watch of the floor")
	return w.Talker.WatchChannel(ctx, channel, fn)
}

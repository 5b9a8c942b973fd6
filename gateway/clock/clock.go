package clock

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// clockPeriod is how often a wrong clock is looked at.
	clockPeriod = time.Second
	// clockReminder is how often the log is told that it is still wrong.
	clockReminder = time.Minute
)

// Clock knows when the time of day is evidently wrong: a board without a battery
// boots in the past. Certificates and tokens are of no use then.
type Clock struct {
	// earliest is a time that has surely passed.
	earliest time.Time
	Now      func() time.Time
	log      *slog.Logger
}

// New takes the time at which this talkgate was committed, less a day for
// clocks that disagree, for one that has surely passed.
func New(log *slog.Logger) *Clock {
	earliest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // of a build without version control
	if info, ok := debug.ReadBuildInfo(); ok {
		if made, err := time.Parse(time.RFC3339, build.Of(info).Time); err == nil {
			earliest = made.Add(-24 * time.Hour)
		}
	}
	return &Clock{earliest: earliest, Now: time.Now, log: log}
}

// Right reports whether the time is one that can be: no earlier than this binary was made.
func (c *Clock) Right() bool { return !c.Now().Before(c.earliest) }

// Wait waits until the clock is not evidently wrong, or ctx ends. what is what waits, for
// the log.
func (c *Clock) Wait(ctx context.Context, what string) {
	if c.Right() {
		return
	}
	look := time.NewTicker(clockPeriod)
	defer look.Stop()
	for said := time.Duration(0); !c.Right(); said += clockPeriod {
		if said%clockReminder == 0 {
			c.log.Warn("the clock is wrong, and is waited for: is a time server reachable? See 'timedatectl'", "waiting", what,
				"clock", c.Now().UTC().Format(time.RFC3339), "expected_after", c.earliest.UTC().Format(time.RFC3339))
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
	c.log.Info("the clock is right", "what", what, "clock", c.Now().UTC().Format(time.RFC3339))
}

// Watch reads of Redis, over TLS, once the clock is right.
type Watch struct {
	redis.Talker
	Clock *Clock
}

// WatchRights implements port.RightsWatcher.
func (w Watch) WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error {
	w.Clock.Wait(ctx, "the watch of talk rights")
	return w.Talker.WatchRights(ctx, userID, fn)
}

// WatchChannel implements port.FloorWatcher.
func (w Watch) WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error {
	w.Clock.Wait(ctx, "the watch of the floor")
	return w.Talker.WatchChannel(ctx, channel, fn)
}

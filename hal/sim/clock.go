package sim

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// periodTime is the length of hal.PeriodSamples.
const periodTime = time.Second * hal.PeriodSamples / hal.SampleRate

// clock is the crystal of one side of a card. It starts with the first wait.
type clock struct {
	started atomic.Pointer[time.Time]
	frozen  atomic.Bool
	timer   *time.Timer
}

// start begins to count, once, and returns when sample 0 began.
func (c *clock) start() time.Time {
	if t := c.started.Load(); t != nil {
		return *t
	}
	now := time.Now()
	c.timer = time.NewTimer(0)
	c.started.Store(&now)
	return now
}

// wait blocks until n samples have passed since the start, and as long as the
// clock is frozen. It is false when done is closed first.
func (c *clock) wait(n uint64, done <-chan struct{}) bool {
	due := c.start().Add(duration(n))
	for {
		select {
		case <-done:
			return false
		default:
		}
		left := time.Until(due)
		if c.frozen.Load() {
			left = max(left, periodTime)
		}
		if left <= 0 {
			return true
		}
		c.timer.Reset(left)
		select {
		case <-c.timer.C:
		case <-done:
			return false
		}
	}
}

// duration is the time n samples take, to the nanosecond below.
func duration(n uint64) time.Duration {
	return time.Duration(n/hal.SampleRate)*time.Second +
		time.Duration(n%hal.SampleRate)*time.Second/hal.SampleRate
}

// samples is how many samples have ended after d: the inverse of duration,
// whose rounding the added nanosecond makes good.
func samples(d time.Duration) uint64 {
	if d < 0 {
		return 0
	}
	return uint64(d/time.Second)*hal.SampleRate +
		uint64((d%time.Second+1)*hal.SampleRate/time.Second)
}

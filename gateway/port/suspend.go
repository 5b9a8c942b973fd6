package port

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// shortestSuspend is the least time that counts as a suspend of the machine. What is
// measured shorter is the time between two readings.
const shortestSuspend = 100 * time.Millisecond

// leaseClock is a port's monotonic clock. It goes on while the machine is suspended,
// which time.Since does not: a lease does not outlive a suspend.
type leaseClock struct {
	start time.Time
	// suspended is how long the machine has been suspended since it booted, and before
	// what it was at start.
	suspended func() time.Duration
	before    time.Duration
	slept     atomic.Int64
}

// newLeaseClock starts at 0. suspended is nil for this machine's own.
func newLeaseClock(suspended func() time.Duration) *leaseClock {
	if suspended == nil {
		suspended = suspendedTime
	}
	return &leaseClock{start: time.Now(), suspended: suspended, before: suspended()}
}

func (c *leaseClock) Now() time.Duration { return c.At(time.Now()) }

// At is a time of this process on the clock.
func (c *leaseClock) At(t time.Time) time.Duration {
	slept := c.slept.Load()
	if d := int64(c.suspended() - c.before); d >= slept+int64(shortestSuspend) {
		c.slept.CompareAndSwap(slept, d)
		slept = d
	}
	return t.Sub(c.start) + time.Duration(slept)
}

// Time is when the clock showed at, unless the machine was suspended since.
func (c *leaseClock) Time(at time.Duration) time.Time {
	return c.start.Add(at - time.Duration(c.slept.Load()))
}

// suspendedTime is how long this machine has been suspended since it booted: by how much
// CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC. It is too little by the time between the
// two readings, and never too much.
func suspendedTime() time.Duration {
	var boot, running unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &running) != nil {
		return 0 // a kernel without suspend
	}
	return time.Duration(boot.Nano() - running.Nano())
}

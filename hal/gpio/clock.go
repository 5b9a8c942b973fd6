package gpio

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock translates between the kernel's monotonic clock, which edges are stamped
// with, and Go's, which on Linux is the same but does not show it.
type clock struct {
	start time.Time
	mono  time.Duration // the kernel's clock at start
}

// readClock reads both clocks at what is most nearly the same instant: a process
// may be stopped between two reads.
func readClock() clock {
	var best clock
	for i, narrowest := 0, time.Duration(0); i < 5; i++ {
		before := monotonic()
		now := time.Now()
		width := monotonic() - before
		if i == 0 || width < narrowest {
			narrowest, best = width, clock{now, before + width/2}
		}
	}
	return best
}

func (c clock) now() time.Duration                { return c.mono + time.Since(c.start) }
func (c clock) timeOf(at time.Duration) time.Time { return c.start.Add(at - c.mono) }

func monotonic() time.Duration {
	var ts unix.Timespec
	// It cannot fail: every kernel has this clock.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

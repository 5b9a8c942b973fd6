package sound

import (
	"time"

	"github.com/talkgate/talkgate/hal"
)

// timeline smooths the times at which a card's driver says that samples were
// captured. Such a time is never too early but often late: the interrupt was
// handled late, or the driver knows no better. It goes by the earliest.
type timeline struct{ end time.Time }

// slack is how much slower than our own clock a card's may be: by 1/2000, twice
// what a bad crystal does.
const slack = 2000

// add returns when the last of n samples was captured. The driver says at now.
func (t *timeline) add(now time.Time, n int) time.Time {
	length := duration(n)
	due := t.end.Add(length + length/slack)
	if t.end.IsZero() || now.Before(due) {
		due = now
	}
	t.end = due
	return due
}

// lost returns how many samples were lost before n that were captured until now,
// after an overrun, and goes on after them.
func (t *timeline) lost(now time.Time, n int) int {
	if t.end.IsZero() {
		return 0
	}
	gap := now.Add(-duration(n)).Sub(t.end)
	if gap <= 0 {
		return 0
	}
	t.end = t.end.Add(gap)
	return int(gap * hal.SampleRate / time.Second)
}

package audio

import (
	"time"

	"github.com/talkgate/talkgate/hal"
)

// timeline tells when samples were captured from when the card handed them over,
// which is never too early but often late: the process had to be woken. It goes
// by the earliest.
type timeline struct{ end time.Time }

// slack is how much slower than our own clock a card's may be: 1/2000 is twice
// what a bad crystal does.
const slack = 2000

// add returns when the last of n samples was captured that are handed over at
// now.
func (t *timeline) add(now time.Time, n int) time.Time {
	length := duration(n)
	due := t.end.Add(length + length/slack)
	if t.end.IsZero() || now.Before(due) {
		due = now
	}
	t.end = due
	return due
}

// lost returns how many samples were lost before the n that are handed over at
// now, after an overrun, and goes on after them.
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

// duration is how long n samples last.
func duration(n int) time.Duration { return time.Duration(n) * time.Second / hal.SampleRate }

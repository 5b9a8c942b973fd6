// Package pulse counts the turns of each of a port's loops, so that a watchdog notices
// one that stands still.
package pulse

import (
	"slices"
	"sync/atomic"
	"time"
)

// Period is how often a loop makes a turn that has nothing to do.
const Period = time.Second

// Part is a loop that a port lives by. If one stands still the radio is dead, though its
// process runs.
type Part uint8

// Parts of a port.
const (
	Inputs   Part = iota // follows the push-to-talk, COR and emergency lines
	Selector             // follows the channel selector; turns without one, too
	Capture              // reads the microphone
	Sender               // encodes and sends
	Playout              // feeds the loudspeaker
	Actor                // decides
	Lock                 // keeps the speaker lock and its lease
	numParts
)

// String names the part in logs and metrics.
func (p Part) String() string {
	return [numParts]string{"lines", "selector", "capture", "sender", "playout", "actor", "lock"}[p]
}

// Parts are all parts of a port.
func Parts() []Part { return []Part{Inputs, Selector, Capture, Sender, Playout, Actor, Lock} }

// Counts are the turns of each part. Every part makes one in each Period. Lock may wait
// for Redis meanwhile, for as long as a request or half a lease lasts.
type Counts [numParts]uint64

// Stalled lists the parts that made no turn since the earlier Counts.
func (c Counts) Stalled(since Counts) []Part {
	return slices.DeleteFunc(Parts(), func(part Part) bool { return c[part] != since[part] })
}

// Counters count the turns. The zero value is ready.
type Counters [numParts]atomic.Uint64

// Turn counts a turn of p. It neither blocks nor allocates.
func (c *Counters) Turn(p Part) { c[p].Add(1) }

// Read reads the counters. Any goroutine may call it.
func (c *Counters) Read() (counts Counts) {
	for part := range c {
		counts[part] = c[part].Load()
	}
	return counts
}

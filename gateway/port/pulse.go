package port

import (
	"slices"
	"sync/atomic"
	"time"
)

// pulsePeriod is how often a loop makes a turn that has nothing to do.
const pulsePeriod = time.Second

// Part is a loop that a port lives by. Where one stands still the radio is dead,
// though its process runs.
type Part uint8

// Parts of a port.
const (
	Lines   Part = iota // follows the push-to-talk line
	Knob                // follows the channel selector; where there is none it moves all the same
	Capture             // reads the microphone
	Talker              // encodes and sends
	Playout             // feeds the loudspeaker
	Actor               // decides
	Keeper              // keeps the lock and its lease
	numParts
)

// String names the part in logs and metrics.
func (p Part) String() string {
	return [numParts]string{"lines", "selector", "capture", "talker", "playout", "actor", "keeper"}[p]
}

// Parts are all parts of a port.
func Parts() []Part { return []Part{Lines, Knob, Capture, Talker, Playout, Actor, Keeper} }

// Pulse counts the turns of each part. All make one a second or more; the
// keeper may wait for Redis meanwhile, no longer than TalkTiming.RequestTimeout
// or half the lease.
type Pulse [numParts]uint64

// Stalled is which parts made no turn between the two.
func (p Pulse) Stalled(since Pulse) []Part {
	return slices.DeleteFunc(Parts(), func(part Part) bool { return p[part] != since[part] })
}

// beats are the counters of a Pulse.
type beats [numParts]atomic.Uint64

func (b *beats) turn(p Part) { b[p].Add(1) }

func (b *beats) read() (p Pulse) {
	for part := range b {
		p[part] = b[part].Load()
	}
	return p
}

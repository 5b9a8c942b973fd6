package jitter

import (
	"sync/atomic"
	"time"
)

// Stats counts packets since the buffer was made, and tells its delay now.
type Stats struct {
	Received   uint64 // taken in, duplicates and late ones too
	Played     uint64
	Late       uint64 // not there when due: played after concealment, or dropped
	Lost       uint64 // never came before those after them were due
	Reordered  uint64 // came after one with a higher sequence number
	Duplicates uint64
	Refused    uint64 // no payload, too long, or no room
	Concealed  uint64 // slots
	Comfort    uint64 // slots of comfort noise, in a talker's pauses
	Spurts     uint64

	// Delay is how much later than the fastest packet could have been played
	// the last frame was; Target is what it is steered to.
	Delay, Target time.Duration
}

// Plus counts the packets of another buffer, too.
func (s Stats) Plus(o Stats) Stats {
	s.Received += o.Received
	s.Played += o.Played
	s.Late += o.Late
	s.Lost += o.Lost
	s.Reordered += o.Reordered
	s.Duplicates += o.Duplicates
	s.Refused += o.Refused
	s.Concealed += o.Concealed
	s.Comfort += o.Comfort
	s.Spurts += o.Spurts
	return s
}

type counters struct {
	received, refused                                                     atomic.Uint64 // written by Push
	played, late, lost, reordered, duplicates, concealed, comfort, spurts atomic.Uint64 // written by Pop
	delay, target                                                         atomic.Int64  // samples
}

// Stats may be called from any goroutine.
func (b *Buffer) Stats() Stats {
	c := &b.count
	return Stats{
		Received:   c.received.Load(),
		Played:     c.played.Load(),
		Late:       c.late.Load(),
		Lost:       c.lost.Load(),
		Reordered:  c.reordered.Load(),
		Duplicates: c.duplicates.Load(),
		Refused:    c.refused.Load(),
		Concealed:  c.concealed.Load(),
		Comfort:    c.comfort.Load(),
		Spurts:     c.spurts.Load(),
		Delay:      duration(c.delay.Load()),
		Target:     duration(c.target.Load()),
	}
}

func duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / rate
}

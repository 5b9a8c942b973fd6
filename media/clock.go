package media

import "time"

// playClock tells when a card asks for samples: by counting those it was given,
// steered slowly to the time of day it is asked at, which trembles with the
// scheduling of goroutines and comes in bursts from some drivers.
type playClock struct{ next time.Time }

const (
	// clockStep is the part of a deviation that is corrected with each period.
	clockStep = 64
	// clockSlip is a deviation that is no trembling: the card stood still.
	clockSlip = 100 * time.Millisecond
)

// ask returns the time of a request for so many samples that is noticed at now.
func (c *playClock) ask(now time.Time, samples int) time.Time {
	at := c.next
	if off := now.Sub(at); off > clockSlip || off < -clockSlip {
		at = now
	} else {
		at = at.Add(off / clockStep)
	}
	c.next = at.Add(time.Duration(samples) * time.Second / SampleRate)
	return at
}

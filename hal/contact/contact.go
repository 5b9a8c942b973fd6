package contact

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// queue is how many edges wait for their reader before the driver does.
const queue = 16

// Config says what edges of a contact mean.
type Config struct {
	// Filter has the times to filter with; the rest of it is not used.
	Filter Filter
	// Toggle makes every press change the level, and no release: one press
	// starts to talk, the next ends it.
	Toggle bool
}

// Contact makes a hal.Input, but for its Close, of the levels that a driver
// sees. One goroutine of the driver calls See, Turn and End.
type Contact struct {
	edges  chan hal.Edge
	done   chan struct{} // closed by Stop
	ended  chan struct{} // closed by End
	err    error         // set before edges and ended are closed
	active atomic.Bool
	turns  atomic.Uint64

	// What follows belongs to the driver's goroutine.
	epoch  time.Time
	toggle bool
	filter Filter
}

// New is a contact at a level, which is not delivered. epoch is when the driver's
// clock showed 0.
func New(cfg Config, epoch time.Time, active bool) *Contact {
	c := &Contact{
		edges:  make(chan hal.Edge, queue),
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
		epoch:  epoch,
		toggle: cfg.Toggle,
		filter: cfg.Filter,
	}
	c.filter.Start(active)
	c.active.Store(active && !cfg.Toggle)
	return c
}

// See notes that the contact is at a level since at, or still, and delivers
// what the filter makes of it.
func (c *Contact) See(active bool, at time.Duration) {
	level, when, ok := c.filter.Edge(active, at)
	if !ok {
		return
	}
	if c.toggle {
		if !level {
			return
		}
		level = !c.active.Load()
	}
	c.deliver(level, when)
}

// Release makes the contact inactive at once, whatever its filter and Toggle say: what
// it hung on has vanished.
func (c *Contact) Release(at time.Duration) {
	c.filter.Start(false)
	if c.active.Load() {
		c.deliver(false, at)
	}
}

func (c *Contact) deliver(level bool, when time.Duration) {
	c.active.Store(level)
	select {
	case c.edges <- hal.Edge{Active: level, At: c.epoch.Add(when)}:
	case <-c.done:
	}
}

// Turn counts a turn of the driver, and returns when, on its clock, the next is
// due: after at most, or before if the filter has something pending.
func (c *Contact) Turn(atMost time.Duration) time.Time {
	c.turns.Add(1)
	next := time.Now().Add(atMost)
	if due, waiting := c.filter.Due(); waiting && c.epoch.Add(due).Before(next) {
		return c.epoch.Add(due)
	}
	return next
}

// Now is the driver's clock.
func (c *Contact) Now() time.Duration { return time.Since(c.epoch) }

// End says that nothing follows the contact any more, and why.
func (c *Contact) End(err error) {
	c.err = err
	close(c.ended)
	close(c.edges)
}

// Stop keeps See from waiting for a reader. It may be called once.
func (c *Contact) Stop() { close(c.done) }

// Wait waits for End.
func (c *Contact) Wait() { <-c.ended }

// Active implements hal.Input: the level after the last edge that was
// delivered, or about to be.
func (c *Contact) Active() (bool, error) {
	if err := c.Err(); err != nil {
		return false, err
	}
	return c.active.Load(), nil
}

// Edges implements hal.Input.
func (c *Contact) Edges() <-chan hal.Edge { return c.edges }

// Err implements hal.Input.
func (c *Contact) Err() error {
	select {
	case <-c.ended:
		return c.err
	default:
		return nil
	}
}

// Turns is how often the driver looked at the contact: with every edge, and once
// a second.
func (c *Contact) Turns() uint64 { return c.turns.Load() }

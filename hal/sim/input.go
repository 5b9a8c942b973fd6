package sim

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Input is a line that is read: the button, the carrier-operated relay. It
// implements hal.Input and does not bounce.
type Input struct {
	device
	edges  chan hal.Edge
	closer sync.Once

	setter sync.Mutex // held while an edge is handed over
	active atomic.Bool
}

// NewInput returns an inactive line; its errors call it name.
func NewInput(name string) *Input {
	return &Input{device: newDevice(name), edges: make(chan hal.Edge, 16)}
}

// Set drives the line to a level and returns when, which is the time its edge
// carries. There is no edge when the line is at that level already, is gone or
// closed. Set blocks only while 16 edges wait for their reader.
func (in *Input) Set(active bool) time.Time {
	in.setter.Lock()
	defer in.setter.Unlock()
	now := time.Now()
	if in.Err() != nil || in.active.Swap(active) == active {
		return now
	}
	select {
	case in.edges <- hal.Edge{Active: active, At: now}:
	case <-in.done:
	}
	return now
}

// Active implements hal.Input.
func (in *Input) Active() (bool, error) {
	if err := in.Err(); err != nil {
		return false, err
	}
	return in.active.Load(), nil
}

// Edges implements hal.Input.
func (in *Input) Edges() <-chan hal.Edge { return in.edges }

// Unplug makes the line vanish.
func (in *Input) Unplug() {
	in.device.Unplug()
	in.closeEdges()
}

// Close implements hal.Input.
func (in *Input) Close() error {
	err := in.device.Close()
	in.closeEdges()
	return err
}

func (in *Input) closeEdges() {
	in.closer.Do(func() {
		in.setter.Lock()
		defer in.setter.Unlock()
		close(in.edges)
	})
}

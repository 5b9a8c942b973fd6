package gpio

import (
	"encoding/binary"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
)

// group is one kernel request for lines of one chip that belong together. The kernel
// queues their edges in the order in which they came, and one goroutine delivers them in
// that order, however late it runs: the two contacts of a rotary encoder are never seen
// the wrong way round.
type group struct {
	handle  *handle
	inputs  []*Input       // in the order of the request
	line    map[uint32]int // index by offset on the chip
	open    atomic.Int64   // inputs that were not closed
	stopped chan struct{}  // closed when nothing is followed anymore
}

// close lets the lines go once all inputs are closed.
func (g *group) close() error {
	if g.open.Add(-1) > 0 {
		return nil
	}
	err := g.handle.close()
	<-g.stopped
	return err
}

func (g *group) run() {
	err := g.follow()
	_ = g.handle.close() // it may be closed already
	for _, in := range g.inputs {
		in.End(err)
	}
	close(g.stopped)
}

// follow delivers edges until the lines end, and returns why.
func (g *group) follow() error {
	event := uapi.LineEvent{}
	buf := make([]byte, 16*binary.Size(event))
	for {
		n, err := g.handle.read(buf, g.turn())
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = g.poll()
		}
		if err != nil {
			return err
		}
		gap := false
		for rest := buf[:n]; len(rest) > 0; {
			size, err := binary.Decode(rest, binary.NativeEndian, &event)
			if err != nil {
				return g.handle.wrap(err)
			}
			rest = rest[size:]
			gap = g.inputs[g.line[event.Offset]].onEvent(event) || gap
		}
		if gap {
			if err := g.poll(); err != nil {
				return err
			}
		}
	}
}

// turn is when the next look is due: that of the contact which is due first.
func (g *group) turn() time.Time {
	next := g.inputs[0].Turn(lookEvery)
	for _, in := range g.inputs[1:] {
		if at := in.Turn(lookEvery); at.Before(next) {
			next = at
		}
	}
	return next
}

// poll reads the levels, in case an edge was lost, and lets the filters settle.
func (g *group) poll() error {
	levels, err := g.handle.levels(len(g.inputs))
	if err != nil {
		return err
	}
	for i, in := range g.inputs {
		in.See(levels.Get(i) == 1, in.Now())
	}
	return nil
}

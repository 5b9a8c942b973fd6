package gpio

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"

	"github.com/talkgate/talkgate/hal"
)

// lookEvery is how often a quiet line is looked at: a chip that vanishes wakes
// nobody on older kernels.
const lookEvery = time.Second

// InputConfig is a line that is read.
type InputConfig struct {
	Line
	// Filter has the times to filter with; the rest of it is not used.
	Filter Filter
	// Toggle makes every press change the level, and no release: one press
	// starts to talk, the next ends it.
	Toggle bool
}

// Input is a line that is read. It implements hal.Input.
type Input struct {
	handle *handle
	edges  chan hal.Edge
	done   chan struct{} // closed by Close
	ended  chan struct{} // closed when nothing follows the line any more
	closer sync.Once
	err    error // set before edges and ended are closed
	active atomic.Bool
	lost   atomic.Uint64
	turns  atomic.Uint64

	// What follows belongs to run.
	toggle bool
	filter Filter
	clock  clock
	seqno  uint32 // of the last edge
}

// OpenInput takes a line and follows it. The error wraps hal.ErrGone when the
// chip is not there, and tells otherwise what has to be changed.
func OpenInput(cfg InputConfig) (*Input, error) {
	h, err := cfg.request(cfg.inputFlags())
	if err != nil {
		return nil, err
	}
	active, err := h.level()
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	in := &Input{
		handle: h,
		edges:  make(chan hal.Edge, 16),
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
		toggle: cfg.Toggle,
		filter: cfg.Filter,
		clock:  readClock(),
	}
	in.filter.Start(active)
	in.active.Store(active && !cfg.Toggle)
	go in.run()
	return in, nil
}

// Active implements hal.Input: the level after the last edge that was
// delivered, or about to be.
func (in *Input) Active() (bool, error) {
	select {
	case <-in.ended:
		return false, in.err
	default:
		return in.active.Load(), nil
	}
}

// Edges implements hal.Input.
func (in *Input) Edges() <-chan hal.Edge { return in.edges }

// Err implements hal.Input.
func (in *Input) Err() error {
	select {
	case <-in.ended:
		return in.err
	default:
		return nil
	}
}

// Lost is how many edges the kernel had no room for. The level is read after
// them, so that none of them is missed for long.
func (in *Input) Lost() uint64 { return in.lost.Load() }

// Turns is how often the line was looked at: with every edge, and once a second.
func (in *Input) Turns() uint64 { return in.turns.Load() }

// Close implements hal.Input.
func (in *Input) Close() error {
	in.closer.Do(func() { close(in.done) })
	err := in.handle.close()
	<-in.ended
	return err
}

func (in *Input) run() {
	in.err = in.follow()
	_ = in.handle.close() // it may be closed already
	close(in.ended)
	close(in.edges)
}

// follow delivers edges until the line ends, and returns why.
func (in *Input) follow() error {
	event := uapi.LineEvent{}
	buf := make([]byte, 16*binary.Size(event))
	for {
		in.turns.Add(1)
		wait := in.clock.now() + lookEvery
		if due, waiting := in.filter.Due(); waiting {
			wait = min(wait, due)
		}
		n, err := in.handle.read(buf, in.clock.timeOf(wait))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = in.look()
		}
		if err != nil {
			return err
		}
		gap := false
		for rest := buf[:n]; len(rest) > 0; {
			size, err := binary.Decode(rest, binary.NativeEndian, &event)
			if err != nil {
				return in.handle.wrap(err)
			}
			rest = rest[size:]
			in.lost.Add(uint64(event.LineSeqno - in.seqno - 1))
			gap = gap || event.LineSeqno != in.seqno+1
			in.seqno = event.LineSeqno
			in.see(event.ID == uapi.LineEventRisingEdge, time.Duration(event.Timestamp))
		}
		if gap {
			if err := in.look(); err != nil {
				return err
			}
		}
	}
}

// look reads the level, for edges that nobody told of, and lets the filter
// settle.
func (in *Input) look() error {
	active, err := in.handle.level()
	if err != nil {
		return err
	}
	in.see(active, in.clock.now())
	return nil
}

// see takes in a level of the line, and delivers what the filter makes of it.
func (in *Input) see(active bool, at time.Duration) {
	level, when, ok := in.filter.Edge(active, at)
	if !ok {
		return
	}
	if in.toggle {
		if !level {
			return
		}
		level = !in.active.Load()
	}
	in.active.Store(level)
	select {
	case in.edges <- hal.Edge{Active: level, At: in.clock.timeOf(when)}:
	case <-in.done:
	}
}

package evdev

import (
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// shared is a device that several inputs listen to. One goroutine, run, follows it,
// through as many lives as it has.
type shared struct {
	open func(keys []uint16) (node, error)
	quit chan struct{} // closed by end
	over chan struct{} // closed by run
	wake chan struct{} // signaled by add

	mu      sync.Mutex
	inputs  []*Input
	node    node   // nil while it is missing
	missing error  // why
	down    keySet // keys that are pressed
	// stale keys were down when the device came back: they count as released until
	// they are.
	stale keySet
	ended bool
}

func newShared(open func(keys []uint16) (node, error)) *shared {
	return &shared{open: open, quit: make(chan struct{}), over: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// add makes in one more input, at the level of its key: what is held now is held, as
// with any line. The device is opened anew, as it has to have that key, too; it may be
// missing.
func (s *shared) add(in *Input) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs = append(s.inputs, in)
	if s.node != nil {
		_ = s.node.Close() // nothing was written
	}
	s.attach()
	in.start(s.level(in.code))
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if errors.Is(s.missing, hal.ErrGone) {
		return nil
	}
	return s.missing
}

// remove takes away in; others reports whether there are other inputs.
func (s *shared) remove(in *Input) (others bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs = slices.DeleteFunc(s.inputs, func(other *Input) bool { return other == in })
	return len(s.inputs) > 0
}

// level is that of a key. The caller holds mu.
func (s *shared) level(code uint16) bool { return s.down.has(code) && !s.stale.has(code) }

// lacks is why the device cannot be used now; nil is that it can.
func (s *shared) lacks() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missing
}

// attach opens the device. The caller holds mu.
func (s *shared) attach() {
	var keys []uint16
	for _, in := range s.inputs {
		keys = append(keys, in.code)
	}
	n, err := s.open(keys)
	if err == nil {
		if s.down, err = n.pressed(); err != nil {
			_ = n.Close() // nothing was written
		}
	}
	if s.node, s.missing = n, err; err != nil {
		s.node, s.down = nil, keySet{}
	}
}

// run follows the device until end.
func (s *shared) run() {
	defer close(s.over)
	for {
		select {
		case <-s.quit:
			return
		default:
		}
		s.mu.Lock()
		n := s.node
		s.mu.Unlock()
		if n == nil {
			s.poll()
			continue
		}
		if err := s.follow(n); err != nil {
			s.lose(n, err)
		}
	}
}

// poll waits a little and opens the device if it is there.
func (s *shared) poll() {
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	select {
	case <-s.quit:
		return
	case <-s.wake:
		return
	case <-again.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.node != nil {
		return
	}
	s.attach()
	s.stale = s.down
	s.report(0)
}

// follow reads the device until it vanishes or is closed, and returns why.
func (s *shared) follow(n node) error {
	buf := make([]byte, 32*eventSize)
	skipping := false // from an overrun to the next report
	for {
		read, err := n.read(buf, time.Now().Add(tick))
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		s.mu.Lock()
		if s.node != n {
			s.mu.Unlock()
			return nil // what it says counts no more
		}
		for rest := buf[:read]; len(rest) >= eventSize; rest = rest[eventSize:] {
			switch e := decode(rest); {
			case e.Type == typeSync && e.Code == syncDropped:
				skipping = true
			case e.Type == typeSync && e.Code == syncReport && skipping:
				skipping = false
				if s.down, err = n.pressed(); err != nil {
					s.mu.Unlock()
					return err
				}
				s.settle()
				s.report(e.at())
			case e.Type == typeKey && !skipping:
				s.down.set(e.Code, e.Value != 0) // 2 is repeated, that is, still down
				s.settle()
				s.report(e.at())
			}
		}
		if read == 0 {
			s.report(0)
		}
		s.mu.Unlock()
	}
}

// settle forgets stale keys that were released. The caller holds mu.
func (s *shared) settle() {
	for i := range s.stale {
		s.stale[i] &= s.down[i]
	}
}

// report gives every input the level of its key. at is when it changed; 0 is that it may
// not have. The caller holds mu.
func (s *shared) report(at time.Duration) {
	for _, in := range s.inputs {
		in.report(s.level(in.code), at)
	}
}

// lose releases all keys of a device that vanished.
func (s *shared) lose(n node, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node != n {
		return // it was closed by add or end
	}
	if !errors.Is(err, hal.ErrGone) {
		err = errors.Join(err, hal.ErrGone)
	}
	_ = n.Close() // nothing was written
	s.node, s.missing = nil, err
	s.down, s.stale = keySet{}, keySet{}
	for _, in := range s.inputs {
		in.lose()
	}
}

// end lets the device go, and waits for run.
func (s *shared) end() {
	s.mu.Lock()
	s.ended = true
	if s.node != nil {
		_ = s.node.Close() // nothing was written
		s.node = nil
	}
	s.mu.Unlock()
	close(s.quit)
	<-s.over
}

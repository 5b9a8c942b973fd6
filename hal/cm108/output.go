package cm108

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/talkgate/talkgate/hal"
)

// Output is a pin that is driven: it keys a transmitter. It implements
// hal.Output. All other pins of its interface are inputs: an interface has one
// output.
//
// It is inactive from the start and after Close. The kernel does not let a pin
// go when a process ends, so a process of its own does: see guard.
type Output struct {
	line Line
	pin  pin

	mu    sync.Mutex
	file  *os.File // nil once closed
	guard *guard
}

// OpenOutput opens an interface and drives a pin of it inactive. The error wraps
// hal.ErrGone when the interface is not there.
func OpenOutput(l Line) (*Output, error) {
	p, err := parsePin(l.Name)
	if err == nil && p.button() {
		err = errors.New("expected a pin that can be driven, GPIO1 to GPIO8")
	}
	if err != nil {
		return nil, fmt.Errorf("%v: %w", l, err)
	}
	f, err := l.open()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", l, err)
	}
	o := &Output{line: l, pin: p, file: f}
	if err := o.write(false); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	off := p.drive(l.ActiveLow)
	if o.guard, err = startGuard(f, off[:]); err != nil {
		return nil, errors.Join(fmt.Errorf("%v: %w", l, err), f.Close())
	}
	return o, nil
}

// Set implements hal.Output. Without a guard nothing becomes active.
func (o *Output) Set(active bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		return fmt.Errorf("%v: %w", o.line, hal.ErrClosed)
	}
	if active && !o.guard.alive() {
		return fmt.Errorf("%v: the process that lets it go when this one dies has ended", o.line)
	}
	return o.write(active)
}

// Close implements hal.Output. A pin whose interface was unplugged is closed
// without an error: nothing is driven any more.
func (o *Output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		return nil
	}
	err := o.write(false)
	if errors.Is(err, hal.ErrGone) {
		err = nil
	}
	err = errors.Join(err, o.file.Close())
	o.file = nil
	o.guard.dismiss()
	return err
}

func (o *Output) write(active bool) error {
	report := o.pin.drive(active != o.line.ActiveLow)
	if _, err := o.file.Write(report[:]); err != nil {
		return fmt.Errorf("%v: %w", o.line, gone(err))
	}
	return nil
}

package sim

import (
	"fmt"
	"sync"

	"github.com/talkgate/talkgate/hal"
)

// device is what all parts have in common: each works until it is closed or
// unplugged, and remembers which came first.
type device struct {
	name string
	done chan struct{}

	mu  sync.Mutex
	err error // guarded by mu; set before done is closed
}

func newDevice(name string) device {
	return device{name: name, done: make(chan struct{})}
}

// Err is nil while the device works, then ErrClosed or an error that wraps
// hal.ErrGone.
func (d *device) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Unplug makes the device vanish: what uses it gets an error that wraps
// hal.ErrGone, now and from now on.
func (d *device) Unplug() {
	d.end(fmt.Errorf("sim: %s was unplugged: %w", d.name, hal.ErrGone))
}

// Close ends the device for its user. It never fails.
func (d *device) Close() error {
	d.end(fmt.Errorf("sim: %s: %w", d.name, hal.ErrClosed))
	return nil
}

func (d *device) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
		close(d.done)
	}
}

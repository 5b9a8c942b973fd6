package sim

import (
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Output is a line that is driven: PTT-out. It implements hal.Output.
type Output struct {
	device
	level onChange[bool]
}

// NewOutput returns an inactive line; its errors call it name.
func NewOutput(name string) *Output { return &Output{device: newDevice(name)} }

// Set implements hal.Output.
func (o *Output) Set(active bool) error {
	if err := o.Err(); err != nil {
		return err
	}
	o.level.set(active)
	return nil
}

// Active is the level the line is driven to.
func (o *Output) Active() bool { return o.level.get() }

// Watch calls fn with every change of the level, from the goroutine that makes
// it; fn does not block. It replaces the fn before it.
func (o *Output) Watch(fn func(hal.Edge)) {
	o.level.watch(func(active bool) { fn(hal.Edge{Active: active, At: time.Now()}) })
}

// Unplug makes the line vanish. What it drove is let go.
func (o *Output) Unplug() {
	o.device.Unplug()
	o.level.set(false)
}

// Close implements hal.Output.
func (o *Output) Close() error {
	err := o.device.Close()
	o.level.set(false)
	return err
}

package evdev

import (
	"sync"
	"time"
)

const (
	// tick is how often the inputs of a quiet device make a turn.
	tick = time.Second
	// lookAgain is how often a device that is missing is looked for.
	lookAgain = 500 * time.Millisecond
)

// Devices opens inputs. A device is grabbed once, however many of its keys are used;
// it is let go when the last of its inputs is closed. Use NewDevices.
type Devices struct {
	open opener

	mu     sync.Mutex
	shared map[string]*shared // by name in the configuration
}

// opener finds the device that name names and that has the keys, opens it and grabs it.
type opener func(name string, keys []uint16) (node, error)

// NewDevices is the inputs of this machine.
func NewDevices() *Devices {
	return newDevices(func(name string, keys []uint16) (node, error) {
		at, err := system().find(name, keys...)
		if err != nil {
			return nil, err
		}
		return openNode("/dev/input/"+at, true)
	})
}

func newDevices(open opener) *Devices {
	return &Devices{open: open, shared: map[string]*shared{}}
}

// join makes in one of the inputs of its device. An error that does not wrap
// hal.ErrGone says what has to be changed; then in is none.
func (d *Devices) join(in *Input) (*shared, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := in.key.Device
	s := d.shared[name]
	if s == nil {
		s = newShared(func(keys []uint16) (node, error) { return d.open(name, keys) })
		d.shared[name] = s
		go s.run()
	}
	err := s.add(in)
	if err != nil && !s.remove(in) {
		delete(d.shared, name)
		s.end()
	}
	return s, err
}

// leave removes in from its device and, with the last, ends that.
func (d *Devices) leave(in *Input) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !in.device.remove(in) {
		delete(d.shared, in.key.Device)
		in.device.end()
	}
}

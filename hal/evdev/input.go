package evdev

import (
	"fmt"
	"sync"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/contact"
)

// Key says which key it is.
type Key struct {
	// Device names the device; see the package.
	Device string
	// Name is that of the key, such as "KEY_F13", or its number.
	Name string
}

// String names the key in errors and logs.
func (k Key) String() string { return fmt.Sprintf("key %s of input device %q", k.Name, k.Device) }

// Check looks whether the device is there, used or not, and has the key. The error
// wraps hal.ErrGone when it is not there.
func (k Key) Check() error {
	code, err := parseKey(k.Name)
	if err != nil {
		return fmt.Errorf("%v: %w", k, err)
	}
	if _, err := system().find(k.Device, code); err != nil {
		return fmt.Errorf("%v: %w", k, err)
	}
	return nil
}

// queue is how many samples wait for an input that is behind. What does not fit is
// dropped; the next sample has the level.
const queue = 64

// sample is the level of a key.
type sample struct {
	active bool
	at     time.Duration // when it changed; 0 is that it may not have
	lost   bool          // the device vanished
}

// Input is a key that is read. It implements hal.Input.
type Input struct {
	*contact.Contact
	key     Key
	code    uint16
	cfg     contact.Config
	devices *Devices
	device  *shared
	samples chan sample
	quit    chan struct{}
	closer  sync.Once
}

// Open follows a key. A device that is missing is no error: the key is released until
// it is there. An error says what has to be changed.
func (d *Devices) Open(key Key, cfg contact.Config) (*Input, error) {
	code, err := parseKey(key.Name)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", key, err)
	}
	in := &Input{key: key, code: code, cfg: cfg, devices: d, samples: make(chan sample, queue), quit: make(chan struct{})}
	if in.device, err = d.join(in); err != nil {
		return nil, fmt.Errorf("%v: %w", key, err)
	}
	go in.run()
	return in, nil
}

// start sets the level at the start.
func (in *Input) start(active bool) { in.Contact = contact.New(in.cfg, contact.Epoch(), active) }

// Missing says why the key cannot be pressed now; nil is that it can.
func (in *Input) Missing() error {
	if err := in.device.lacks(); err != nil {
		return fmt.Errorf("%v: %w", in.key, err)
	}
	return nil
}

// Close implements hal.Input.
func (in *Input) Close() error {
	in.closer.Do(func() {
		in.Stop()
		close(in.quit)
		in.devices.leave(in)
	})
	in.Wait()
	return nil
}

// report passes a sample to the input. It does not wait.
func (in *Input) report(active bool, at time.Duration) {
	select {
	case in.samples <- sample{active: active, at: at}:
	default:
	}
}

// lose tells the input that the device vanished.
func (in *Input) lose() {
	for {
		select {
		case in.samples <- sample{lost: true}:
			return
		case <-in.samples: // make room: what it says counts no more
		}
	}
}

// run delivers edges until the input is closed.
func (in *Input) run() {
	defer func() { in.End(fmt.Errorf("%v: %w", in.key, hal.ErrClosed)) }()
	due := time.NewTimer(tick)
	defer due.Stop()
	active, _ := in.Active()
	for {
		select {
		case <-in.quit:
			return
		case s := <-in.samples:
			if active = s.active; s.at == 0 {
				s.at = in.Now()
			}
			if s.lost {
				in.Release(s.at)
			} else {
				in.See(active, s.at)
			}
		case <-due.C: // the filter has something pending
			in.See(active, in.Now())
		}
		due.Stop()
		// Without a sample there is no turn: a device that is not followed shows.
		if next := time.Until(in.Turn(tick)); next < tick*9/10 {
			due.Reset(next)
		}
	}
}

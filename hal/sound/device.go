package sound

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/talkgate/talkgate/hal"
)

const (
	// waitSlice is how long the kernel is waited for at a time, in milliseconds. A
	// Close is noticed no later.
	waitSlice = 100
	// maxSlices is after how many slices without a period a card counts as gone. They
	// are slices and not time, so that a process that was stopped itself does not
	// blame the card.
	maxSlices = 30
	// maxFailures is after how many failures in a row a card counts as gone.
	maxFailures = 20
)

// device is one side of a card. One goroutine uses it; any may close it.
type device struct {
	cfg    Config
	layout layout
	xruns  atomic.Uint64
	closed atomic.Bool

	mu       sync.Mutex // held while the stream is in use
	stream   stream     // nil after Close
	raw      []byte     // one period of the card
	boxed    any        // raw, so that handing it to the stream allocates nothing
	failures int        // in a row
}

func newDevice(cfg Config, s stream) *device {
	d := &device{cfg: cfg, stream: s, layout: newLayout(s.Config())}
	d.raw = make([]byte, int(s.Config().PeriodSize)*d.layout.frame())
	d.boxed = d.raw
	return d
}

// wait returns when the card has, or wants, a period.
func (d *device) wait() error {
	for range maxSlices {
		if d.closed.Load() {
			return fmt.Errorf("%v: %w", d.cfg, hal.ErrClosed)
		}
		if ready, err := d.stream.Wait(waitSlice); ready || err != nil {
			return err
		}
	}
	return fmt.Errorf("%v: it stands still: %w", d.cfg, hal.ErrGone)
}

// recover prepares the stream anew after an error of the kernel: the buffer ran
// full or empty, the machine was suspended, or the card did not answer in time.
// It returns an error when there is nothing to go on with.
func (d *device) recover(err error) error {
	switch d.failures++; {
	case errors.Is(err, hal.ErrClosed), errors.Is(err, hal.ErrGone):
		return err
	case d.closed.Load():
		return fmt.Errorf("%v: %w", d.cfg, hal.ErrClosed)
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.EBADFD), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%v: it vanished (%w): %w", d.cfg, err, hal.ErrGone)
	case d.failures > maxFailures:
		return fmt.Errorf("%v: it failed %d times in a row (%w): %w", d.cfg, d.failures, err, hal.ErrGone)
	}
	d.xruns.Add(1)
	if prepared := d.stream.Prepare(); prepared != nil {
		return fmt.Errorf("%v: it cannot be started again (%w, %w): %w", d.cfg, err, prepared, hal.ErrGone)
	}
	return nil
}

// Xruns implements Capture and Playback.
func (d *device) Xruns() uint64 { return d.xruns.Load() }

// Close implements hal.Capture and hal.Playback. It waits until a Read or Play
// that runs has returned.
func (d *device) Close() error {
	d.closed.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stream == nil {
		return nil
	}
	err := d.stream.Close()
	d.stream = nil
	return err
}

// acquire takes the stream for a Read or Play; release gives it back.
func (d *device) acquire() error {
	d.mu.Lock()
	if d.stream == nil {
		d.mu.Unlock()
		return fmt.Errorf("%v: %w", d.cfg, hal.ErrClosed)
	}
	return nil
}

func (d *device) release() { d.mu.Unlock() }

// frames is the length of the card's period.
func (d *device) frames() int { return len(d.raw) / d.layout.frame() }

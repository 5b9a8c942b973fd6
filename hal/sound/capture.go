package sound

import (
	"errors"
	"time"

	"github.com/gen2brain/alsa"
	"golang.org/x/sys/unix"
)

// capture is a card's microphone side. It implements Capture.
type capture struct {
	*device
	rate        *resampler
	started     bool
	interrupted bool // samples may be missing before the next period
	line        timeline

	buffer   []int16   // room for one period, decoded and resampled
	mono     []int16   // room for one period, decoded
	pending  []int16   // the part of buffer that is not yet read
	lost     int       // samples that were lost before pending
	captured time.Time // when the last sample of pending was captured
}

// OpenCapture opens the microphone side of a card. The error wraps hal.ErrGone
// when the card is not there. With Oto, the default is what the user's sound server
// captures, or the kernel's first card where there is no server.
func OpenCapture(cfg Config, with Player) (Capture, error) {
	if with == Oto && cfg.Card == Default {
		c, noServer := openPulse(cfg)
		if noServer == nil {
			return c, nil
		}
		k, err := OpenCapture(cfg, ALSA)
		if err != nil {
			return nil, errors.Join(err, noServer)
		}
		return k, nil
	}
	card, err := cfg.find(sysfs, "c")
	if err != nil {
		return nil, err
	}
	s, err := openStream(cfg, card, alsa.PCM_IN)
	if err != nil {
		return nil, err
	}
	return newCapture(cfg, s), nil
}

func newCapture(cfg Config, s stream) *capture {
	c := &capture{device: newDevice(cfg, s), rate: fromRate(s.Config().Rate)}
	c.mono = make([]int16, c.frames())
	c.buffer = make([]int16, 0, c.rate.atMost(c.frames()))
	return c
}

// Read implements hal.Capture.
func (c *capture) Read(period []int16) (time.Time, error) {
	if err := c.acquire(); err != nil {
		return time.Time{}, err
	}
	defer c.release()
	for rest := period; len(rest) > 0; {
		n := 0
		switch {
		case c.lost > 0:
			n = min(c.lost, len(rest))
			clear(rest[:n])
			c.lost -= n
		case len(c.pending) > 0:
			n = copy(rest, c.pending)
			c.pending = c.pending[n:]
		default:
			if err := c.receive(); err != nil {
				return time.Time{}, err
			}
		}
		rest = rest[n:]
	}
	return c.captured.Add(-duration(len(c.pending) + c.lost)), nil
}

// receive waits for the card's next period.
func (c *capture) receive() error {
	for {
		err := c.exchange()
		if err == nil {
			c.failures = 0
			return nil
		}
		if err := c.recover(err); err != nil {
			return err
		}
		c.started, c.interrupted = false, true
	}
}

func (c *capture) exchange() error {
	if !c.started {
		if err := c.stream.Start(); err != nil {
			return err
		}
		c.started = true
	}
	if err := c.wait(); err != nil {
		return err
	}
	available, at, err := c.stream.Timestamp()
	if err != nil {
		return err
	}
	if _, err := c.stream.Read(c.boxed); err != nil {
		return err
	}
	c.layout.decode(c.mono, c.raw)
	c.buffer = c.rate.convert(c.buffer[:0], c.mono)
	c.pending = c.buffer
	// The kernel captured more than we read.
	kept := int(available) - len(c.mono)
	at = ours(at).Add(-time.Duration(kept) * time.Second / time.Duration(c.rate.in))
	if c.interrupted {
		c.lost += c.line.lost(at, len(c.pending))
		c.interrupted = false
	}
	c.captured = c.line.add(at, len(c.pending))
	return nil
}

// ours converts a time of CLOCK_MONOTONIC, unless a driver did not set it.
func ours(at time.Time) time.Time {
	var clock unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock)
	now := time.Now()
	ago := time.Duration(clock.Nano() - at.UnixNano())
	if err != nil || ago < 0 || ago > time.Second {
		return now
	}
	return now.Add(-ago)
}

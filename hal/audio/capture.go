//go:build linux && cgo

package audio

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"

	"github.com/talkgate/talkgate/hal"
)

// backlog is how much is kept for a reader that is late, in chunks: half a
// second. What does not fit is lost.
const backlog = 50

// chunk is what the card handed over at once, or a part of it.
type chunk struct {
	lost int // samples that were lost before it
	n    int
	pcm  [hal.PeriodSamples]int16
	end  time.Time // when the last sample was captured
}

// capture is a card's microphone side. It implements Capture.
type capture struct {
	*device
	chunks chan chunk

	// These belong to the card's thread.
	line    timeline
	seen    uint64 // overruns
	dropped int    // samples for which chunks had no room

	// These belong to the reader.
	started bool
	current chunk
	used    int // samples of current

	overflows atomic.Uint64
}

// OpenCapture opens the microphone side of a card. The error wraps hal.ErrGone
// when the card is not there.
func OpenCapture(cfg Config) (Capture, error) {
	c := &capture{chunks: make(chan chunk, backlog)}
	var err error
	if c.device, err = openDevice(cfg, malgo.Capture, c.take); err != nil {
		return nil, err
	}
	return c, nil
}

// Xruns counts the card's overruns and those of the backlog.
func (c *capture) Xruns() uint64 { return c.device.Xruns() + c.overflows.Load() }

// take is called by the card's thread.
func (c *capture) take(_, in []byte, frames uint32) {
	at := time.Now()
	c.calls.Add(1)
	lost := c.dropped
	if xruns := c.device.Xruns(); xruns != c.seen {
		c.seen = xruns
		lost += c.line.lost(at, int(frames))
	}
	end := c.line.add(at, int(frames))
	for pcm := samples(in, frames); len(pcm) > 0; {
		next := chunk{lost: lost}
		next.n = copy(next.pcm[:], pcm)
		pcm = pcm[next.n:]
		next.end = end.Add(-duration(len(pcm)))
		select {
		case c.chunks <- next:
			lost = 0
		default:
			if lost == 0 {
				c.overflows.Add(1)
			}
			lost += next.n
		}
	}
	c.dropped = lost
}

// Read implements hal.Capture.
func (c *capture) Read(period []int16) (time.Time, error) {
	if !c.started {
		c.started = true
		if err := c.start(); err != nil {
			return time.Time{}, err
		}
	}
	for rest := period; len(rest) > 0; {
		switch {
		case c.current.lost > 0:
			n := min(c.current.lost, len(rest))
			clear(rest[:n])
			c.current.lost -= n
			rest = rest[n:]
		case c.used < c.current.n:
			n := copy(rest, c.current.pcm[c.used:c.current.n])
			c.used += n
			rest = rest[n:]
		default:
			select {
			case c.current = <-c.chunks:
				c.used = 0
			case <-c.done:
				return time.Time{}, c.ended()
			}
		}
	}
	return c.current.end.Add(-duration(c.current.n - c.used + c.current.lost)), nil
}

// samples is a callback's buffer as what it holds.
func samples(buf []byte, n uint32) []int16 {
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(buf))), n)
}

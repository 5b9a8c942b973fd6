package sound

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jfreymuth/pulse"

	"github.com/talkgate/talkgate/hal"
)

const (
	// pulseRing is how many samples are kept for a reader that is late: a second.
	pulseRing = hal.SampleRate
	// pulseIdle is after how long without a sample the sound server counts as gone.
	pulseIdle = 3 * time.Second
)

// pulseCapture captures what a PulseAudio or PipeWire server captures by default. The
// server converts. It implements Capture.
type pulseCapture struct {
	cfg    Config
	client *pulse.Client
	xruns  atomic.Uint64
	news   chan struct{}
	done   chan struct{}
	closer sync.Once
	idle   *time.Timer // the reader's

	mu       sync.Mutex
	ring     [pulseRing]int16
	first, n int // the part of ring that is not read
	lost     int // samples that were lost after those in ring
	line     timeline
	captured time.Time // when the last sample was captured
}

// openPulse connects to the user's sound server.
func openPulse(cfg Config) (*pulseCapture, error) {
	client, err := pulse.NewClient(pulse.ClientApplicationName("talkgate"))
	if err != nil {
		return nil, fmt.Errorf("%v: no sound server: %w", cfg, err)
	}
	c := &pulseCapture{cfg: cfg, client: client, news: make(chan struct{}, 1), done: make(chan struct{}), idle: time.NewTimer(pulseIdle)}
	period := cfg.Period
	if period == 0 {
		period = defaultPeriod
	}
	stream, err := client.NewRecord(pulse.Int16Writer(c.receive), pulse.RecordMono,
		pulse.RecordSampleRate(hal.SampleRate), pulse.RecordLatency(period.Seconds()))
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("%v: the sound server does not record: %w", cfg, err)
	}
	stream.Start()
	return c, nil
}

// receive keeps what the server captured. It is called by the client's goroutine.
func (c *pulseCapture) receive(pcm []int16) (int, error) {
	c.mu.Lock()
	c.captured = c.line.add(time.Now(), len(pcm))
	if c.lost > 0 || c.n+len(pcm) > pulseRing {
		if c.lost == 0 {
			c.xruns.Add(1)
		}
		c.lost += len(pcm)
	} else {
		for rest, at := pcm, c.first+c.n; len(rest) > 0; {
			copied := copy(c.ring[at%pulseRing:], rest)
			rest, at = rest[copied:], at+copied
		}
		c.n += len(pcm)
	}
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
	return len(pcm), nil
}

// Read implements hal.Capture.
func (c *pulseCapture) Read(period []int16) (time.Time, error) {
	c.idle.Reset(pulseIdle)
	for rest := period; ; {
		n, captured := c.fetch(rest)
		if rest = rest[n:]; len(rest) == 0 {
			return captured, nil
		}
		select {
		case <-c.done:
			return time.Time{}, fmt.Errorf("%v: %w", c.cfg, hal.ErrClosed)
		case <-c.news:
			c.idle.Reset(pulseIdle)
		case <-c.idle.C:
			return time.Time{}, fmt.Errorf("%v: the sound server stands still: %w", c.cfg, hal.ErrGone)
		}
	}
}

// fetch copies what there is to dst, and returns when the last of it was captured.
func (c *pulseCapture) fetch(dst []int16) (n int, captured time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n < len(dst) && c.n > 0 {
		copied := copy(dst[n:], c.ring[c.first:min(c.first+c.n, pulseRing)])
		c.first, c.n, n = (c.first+copied)%pulseRing, c.n-copied, n+copied
	}
	if c.n == 0 && c.lost > 0 {
		silence := min(len(dst)-n, c.lost)
		clear(dst[n : n+silence])
		c.lost, n = c.lost-silence, n+silence
	}
	return n, c.captured.Add(-duration(c.n + c.lost))
}

// Xruns implements Capture: how often the reader was too late.
func (c *pulseCapture) Xruns() uint64 { return c.xruns.Load() }

// Close implements hal.Capture.
func (c *pulseCapture) Close() error {
	c.closer.Do(func() {
		close(c.done)
		c.client.Close() // the server ends the stream
	})
	return nil
}

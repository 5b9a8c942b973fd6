package media

import (
	"sync/atomic"
	"time"
)

// Mic is the microphone's memory: it always runs, so that what was said before
// the floor was granted can still be sent. Samples are counted from 0; their
// index is their name. One goroutine writes, any may read; nobody waits.
type Mic struct {
	start    time.Time
	ring     []atomic.Int32 // atomic, so that a reader overtaken by the writer is a miss and not a race
	claimed  atomic.Uint64  // samples written or being written
	head     atomic.Uint64  // samples written
	zero     atomic.Int64   // ns from start to the capture of sample 0, by the newest period
	captured chan struct{}
}

// NewMic returns a memory of at least the last capacity of sound.
func NewMic(capacity time.Duration) *Mic {
	return &Mic{
		start:    time.Now(),
		ring:     make([]atomic.Int32, max(int(capacity*SampleRate/time.Second), FrameSamples)),
		captured: make(chan struct{}, 1),
	}
}

// Write appends period, the last sample of which was captured at lastSampleAt.
func (m *Mic) Write(period []int16, lastSampleAt time.Time) {
	head := m.head.Load()
	end := head + uint64(len(period))
	m.claimed.Store(end)
	size := uint64(len(m.ring))
	at := head % size
	for _, s := range period {
		m.ring[at].Store(int32(s))
		if at++; at == size {
			at = 0
		}
	}
	m.zero.Store(int64(lastSampleAt.Sub(m.start)) - nanos(end))
	m.head.Store(end)
	select {
	case m.captured <- struct{}{}:
	default:
	}
}

// Head is the index of the next sample to be captured.
func (m *Mic) Head() uint64 { return m.head.Load() }

// IndexAt is the index of the sample that was, or will be, captured at t, as
// exactly as the card told when its newest period ended. Before the first
// sample it is 0.
func (m *Mic) IndexAt(t time.Time) uint64 {
	ns := int64(t.Sub(m.start)) - m.zero.Load()
	if ns < 0 {
		return 0
	}
	s, rest := ns/int64(time.Second), ns%int64(time.Second)
	return uint64(s*SampleRate + rest*SampleRate/int64(time.Second))
}

// ReadAt copies the samples from index on to dst. It returns false, and dst is of
// no use, when not all of them are captured yet (index+len(dst) > Head) or some
// are forgotten already.
func (m *Mic) ReadAt(index uint64, dst []int16) bool {
	if index+uint64(len(dst)) > m.head.Load() {
		return false
	}
	size := uint64(len(m.ring))
	at := index % size
	for i := range dst {
		dst[i] = int16(m.ring[at].Load())
		if at++; at == size {
			at = 0
		}
	}
	return m.claimed.Load() <= index+size
}

// Captured is signalled after each Write; signals that nobody waits for merge
// into one.
func (m *Mic) Captured() <-chan struct{} { return m.captured }

// nanos is the time in ns that n samples take, rounded up: then IndexAt of the
// very instant returns n, not n-1.
func nanos(n uint64) int64 {
	s, rest := n/SampleRate, n%SampleRate
	return int64(s)*int64(time.Second) + (int64(rest)*int64(time.Second)+SampleRate-1)/SampleRate
}

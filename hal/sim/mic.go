package sim

import (
	"sync/atomic"
	"time"
)

// backlog is how much a card keeps for a reader that is late; what is older is
// lost.
const backlog = 500 * time.Millisecond

// Mic is the card's microphone. It implements hal.Capture.
type Mic struct {
	device
	clock
	source   atomic.Pointer[Source]
	next     uint64 // index of the next sample to read
	lose     atomic.Int64
	overruns atomic.Uint64
}

// NewMic returns a microphone that hears source; its errors call it name. It
// starts to capture with the first Read, at sample index 0.
func NewMic(name string, source Source) *Mic {
	m := &Mic{device: newDevice(name)}
	m.Hear(source)
	return m
}

// Hear replaces what the microphone hears, from its next period on. Sources are
// indexed by the microphone's samples, so the same source goes on seamlessly.
func (m *Mic) Hear(source Source) { m.source.Store(&source) }

// Read implements hal.Capture. Samples that waited for more than half a second
// are lost.
func (m *Mic) Read(period []int16) (time.Time, error) {
	n := uint64(len(period))
	if !m.wait(m.next+n, m.done) {
		return time.Time{}, m.Err()
	}
	at := m.start().Add(duration(m.next + n))
	lost := time.Since(at) > backlog
	if m.lose.Load() > 0 {
		m.lose.Add(-int64(n))
		lost = true
	}
	if lost {
		clear(period)
		m.overruns.Add(n)
	} else {
		(*m.source.Load())(m.next, period)
	}
	m.next += n
	return at, nil
}

// Overrun makes the card lose the periods that the next n samples fall into.
func (m *Mic) Overrun(n int) { m.lose.Store(int64(n)) }

// Overruns is how many samples were lost so far.
func (m *Mic) Overruns() uint64 { return m.overruns.Load() }

// Freeze stalls the card, without an error, until it is thawed; then the reader
// gets what was missed.
func (m *Mic) Freeze(frozen bool) { m.frozen.Store(frozen) }

// TimeOf is when the sample with this index has been captured, or will have
// been; the zero time before the first Read.
func (m *Mic) TimeOf(index uint64) time.Time {
	started := m.started.Load()
	if started == nil {
		return time.Time{}
	}
	return started.Add(duration(index + 1))
}

// IndexAt is the index of the sample that was being captured at t.
func (m *Mic) IndexAt(t time.Time) uint64 {
	started := m.started.Load()
	if started == nil {
		return 0
	}
	return samples(t.Sub(*started))
}

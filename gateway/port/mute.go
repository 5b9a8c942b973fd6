package port

import (
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

// mute is a stretch of the microphone's sound that is sent as silence. One
// goroutine begins and ends it, the talker reads.
type mute struct{ span atomic.Pointer[muted] }

// muted is samples by index; to is endless while nobody knows better.
type muted struct{ from, to uint64 }

// begin mutes from a sample on. One that begins within two frames of the end of
// the last goes on with it: what lies between may not have been sent yet.
func (m *mute) begin(from uint64) {
	last := m.span.Load()
	switch {
	case last != nil && last.to == endless:
		return
	case last != nil && from < last.to+2*media.FrameSamples:
		from = min(from, last.from)
	}
	m.span.Store(&muted{from, endless})
}

// end lets be heard again what comes from a sample on.
func (m *mute) end(to uint64) {
	if last := m.span.Load(); last != nil && last.to == endless {
		m.span.Store(&muted{last.from, max(to, last.from)})
	}
}

// apply mutes pcm, whose first sample is at index.
func (m *mute) apply(index uint64, pcm []int16) {
	s := m.span.Load()
	if s == nil || s.to <= index || s.from >= index+uint64(len(pcm)) {
		return
	}
	clear(pcm[max(s.from, index)-index : min(s.to-index, uint64(len(pcm)))])
}

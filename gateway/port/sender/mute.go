package sender

import (
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

// mute is a stretch of the microphone's sound that is sent as silence. One goroutine
// begins and ends it, the sender reads it.
type mute struct{ span atomic.Pointer[span] }

// span is samples by index; to is endless until the end is known.
type span struct{ from, to uint64 }

// begin mutes from a sample on. A mute that begins within two frames of the end of the
// last one continues it: the sound between may not have been sent yet.
func (m *mute) begin(from uint64) {
	last := m.span.Load()
	switch {
	case last != nil && last.to == endless:
		return
	case last != nil && from < last.to+2*media.FrameSamples:
		from = min(from, last.from)
	}
	m.span.Store(&span{from, endless})
}

// end unmutes from a sample on.
func (m *mute) end(to uint64) {
	if last := m.span.Load(); last != nil && last.to == endless {
		m.span.Store(&span{last.from, max(to, last.from)})
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

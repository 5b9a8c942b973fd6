package rtc

import (
	"sync"
	"time"

	"github.com/talkgate/talkgate/media"
)

// Measured is a session that knows what arrives of its stream: a Publication at
// the peer, a Subscription here.
type Measured interface {
	Reception() media.Reception
	RTT() time.Duration
	Err() error
}

// Meter counts over sessions that follow one another. Its methods may be called
// from any goroutine; its zero value has seen none.
type Meter struct {
	mu      sync.Mutex
	before  media.Reception // of the sessions that have been
	session Measured        // the last one; nil before the first
}

// Follow makes s the session that is measured.
func (m *Meter) Follow(s Measured) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session != nil {
		m.before = m.session.Reception().After(m.before)
	}
	m.session = s
}

// Read is what was counted so far, and the last round trip, which is zero while
// no session stands.
func (m *Meter) Read() (media.Reception, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		return m.before, 0
	}
	r := m.session.Reception().After(m.before)
	if m.session.Err() != nil {
		return r, 0
	}
	return r, m.session.RTT()
}

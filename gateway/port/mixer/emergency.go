package mixer

import (
	"slices"
	"time"

	"github.com/talkgate/talkgate/media"
)

// The emergencies of monitored channels are asked for, and only of channels on which
// somebody speaks: a port that hears nothing costs nothing. The publications of those
// channels are not subscribed to: a Redis that forbids one topic would take the others
// away, too.
const (
	// askEvery is how often a channel on which somebody speaks is asked for an emergency:
	// whoever calls one takes the place of who speaks, perhaps without a gap.
	askEvery = 500 * time.Millisecond
	// quiet is how long after its last packet a channel counts as silent.
	quiet = time.Second
)

// onSpeech notes that somebody speaks. The caller holds the lock.
func (m *Mixer) onSpeech(p media.Packet) {
	begins := p.Arrived.Sub(m.said[p.Channel]) > quiet
	m.said[p.Channel] = p.Arrived
	if begins {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
}

// speaking are the channels on which somebody speaks.
func (m *Mixer) speaking() []bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	on := make([]bool, len(m.said))
	for c, at := range m.said {
		on[c] = time.Since(at) < quiet
	}
	return on
}

// setUrgent applies which channels have an emergency. The port learns of those that are
// not its own; of its own it knows.
func (m *Mixer) setUrgent(urgent []bool) {
	m.mu.Lock()
	before := elsewhere(m.chooser.urgent)
	copy(m.chooser.urgent, urgent)
	m.mu.Unlock()
	if now := elsewhere(urgent); now != before {
		m.emergency(now)
	}
}

// elsewhere reports whether only other channels than the port's own have an emergency.
func elsewhere(urgent []bool) bool { return !urgent[0] && slices.Contains(urgent[1:], true) }

package guard

import (
	"sync"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// allowance is how much speech a member may send without the floor in each
	// period: the news of a grant may be later than the sound.
	allowance = 100 * time.Millisecond
	period    = time.Minute
	// hangover is how long after the end of a floor its last packets may come.
	hangover = 100 * time.Millisecond
	// viewLease is how long a reading of the floor is relied on.
	viewLease = 2 * time.Second
	// maxPacket is counted for a packet whose length cannot be read.
	maxPacket = 120 * time.Millisecond
)

// meter knows who has the floor of one room, and measures how much speech everybody
// else sends.
type meter struct {
	mu       sync.Mutex
	floor    floor.View[redis.Holder]
	last     string    // who had the floor before the latest reading
	lastTill time.Time // until when that one's packets are late, not wrong
	speech   map[string]*speech
}

// speech is what one member sent without the floor.
type speech struct {
	since  time.Time // beginning of the period
	length time.Duration
	// strict counts every packet from strictFrom on as too much, until the period
	// is over: the member was stopped before.
	strict     bool
	strictFrom time.Time
}

func newMeter() *meter {
	return &meter{floor: floor.View[redis.Holder]{Lease: viewLease}, speech: make(map[string]*speech)}
}

// apply applies a reading of the floor. The error is that of floor.View.Apply.
func (m *meter) apply(v redis.FloorView) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.floor.Holder()
	err := m.floor.Apply(v.Reading())
	if after := m.floor.Holder(); before != nil && (after == nil || after.UserID != before.UserID) {
		m.last, m.lastTill = before.UserID, time.Now().Add(hangover)
	}
	return err
}

// holds reports whether a member has the floor at now.
func (m *meter) holds(who string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.has(who, now)
}

func (m *meter) has(who string, now time.Time) bool {
	h := m.floor.HolderAt(now)
	return h != nil && h.UserID == who
}

// sent counts an Opus packet that a member sent at now, and reports whether the
// member has sent too much without the floor.
func (m *meter) sent(who string, opus []byte, now time.Time) (tooMuch bool) {
	length, ok := media.PacketDuration(opus)
	if !ok {
		length = maxPacket
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.has(who, now) {
		delete(m.speech, who)
		return false
	}
	if who == m.last && now.Before(m.lastTill) {
		return false
	}
	s := m.speech[who]
	if s == nil || now.Sub(s.since) > period {
		s = &speech{since: now}
		m.speech[who] = s
	}
	if s.strict {
		return !now.Before(s.strictFrom)
	}
	s.length += length
	return s.length > allowance
}

// restrict begins a new period in which each packet of a member from from on is too
// much. Those before it were on their way when the member was stopped.
func (m *meter) restrict(who string, from time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.speech[who] = &speech{since: from, strict: true, strictFrom: from}
}

// forget drops members that are not in the room and whose period is over.
func (m *meter) forget(present map[string]bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for who, s := range m.speech {
		if !present[who] && now.Sub(s.since) > period {
			delete(m.speech, who)
		}
	}
}

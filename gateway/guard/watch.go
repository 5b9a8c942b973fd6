package guard

import (
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// allowance is how many packets a member may send without the floor before
	// it is muted: Redis's news of a grant, and of the end of one, may be later
	// than the sound. One is given back every restore.
	allowance = 15
	restore   = 400 * time.Millisecond
	// viewLease is how long a reading of the floor is relied on: once Redis has
	// been silent for so long, nobody has the floor.
	viewLease = 2 * time.Second
)

// watch knows who has the floor of one room, and counts who sends without.
type watch struct {
	mu     sync.Mutex
	floor  floor.View[redis.Holder]
	credit map[string]*credit
}

// credit is what is left of a member's allowance.
type credit struct {
	left float64
	at   time.Time
}

func newWatch() *watch {
	return &watch{floor: floor.View[redis.Holder]{Lease: viewLease}, credit: make(map[string]*credit)}
}

// apply applies a reading of the floor. The error is that of floor.View.Apply.
func (w *watch) apply(v redis.FloorView) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.floor.Apply(v.Reading())
}

// sent takes in that a member sent a packet at now, and reports whether it has
// sent too many without the floor.
func (w *watch) sent(who string, now time.Time) (offends bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.credit[who]
	if c == nil {
		c = &credit{left: allowance, at: now}
		w.credit[who] = c
	}
	if h := w.floor.HolderAt(now); h != nil && h.UserID == who {
		c.left, c.at = allowance, now
		return false
	}
	c.left = min(allowance, c.left+float64(now.Sub(c.at))/float64(restore))
	c.at = now
	if c.left < 1 {
		return true
	}
	c.left--
	return false
}

// forget drops the members that are not among those who are there.
func (w *watch) forget(there map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for who := range w.credit {
		if !there[who] {
			delete(w.credit, who)
		}
	}
}

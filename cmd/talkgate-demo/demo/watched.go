package demo

import (
	"context"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

// moment is a time that is written by one goroutine and read by another.
type moment struct {
	mu sync.Mutex
	t  time.Time
}

// note sets the moment to now, unless it is known already.
func (m *moment) note() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.t.IsZero() {
		m.t = time.Now()
	}
}

// forget makes the moment unknown.
func (m *moment) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.t = time.Time{}
}

func (m *moment) known() bool { return !m.at().IsZero() }

// at is the moment, zero while it is unknown.
func (m *moment) at() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.t
}

// watched is a port's view of its rights, which notes when the port reads that it
// may not talk any more.
type watched struct {
	port.RightsWatcher
	channel string
	lost    *moment
}

// WatchRights implements port.RightsWatcher.
func (w watched) WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error {
	return w.RightsWatcher.WatchRights(ctx, userID, func(r redis.Rights) {
		if !r.MayTalk(w.channel) {
			w.lost.note()
		}
		fn(r)
	})
}

package channel

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

// State is what channels need of the shared state.
type State interface {
	floorReader
	floorLock
	revocationStore
	Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error)
}

// Config is what channels have in common. All of it is required.
type Config struct {
	State State
	// Lease is how long a view of the floor, or a lock, is relied on without having
	// been confirmed.
	Lease time.Duration
	// LockTTL is how long a lock that is held for a browser outlives the hub.
	LockTTL time.Duration
	// MaxTalk is the longest talk spurt of a browser.
	MaxTalk time.Duration
	// HoldBack is how far apart a packet and the news of the floor may arrive.
	HoldBack time.Duration
	// Room says that the members talk in LiveKit rooms.
	Room   bool
	Recall *recall.Store
	Log    *slog.Logger
}

// Set are those that anybody is on.
type Set struct {
	Config
	ctx         context.Context // of all channels
	Traffic     forward.Traffic
	Relays      *forward.Relays
	revocations *revocations

	mu   sync.Mutex
	open map[string]*Channel
}

// NewSet has no channel yet. All that it opens ends with ctx.
func NewSet(ctx context.Context, cfg Config) *Set {
	return &Set{Config: cfg, ctx: ctx, Relays: forward.NewRelays(), revocations: newRevocations(), open: map[string]*Channel{}}
}

// Enter returns a channel for use; leave must follow.
func (s *Set) Enter(id string) *Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.open[id]
	if ch == nil {
		ch = newChannel(s.ctx, id, s)
		s.open[id] = ch
	}
	ch.uses++
	return ch
}

// Leave ends one use of a channel. An unused one is closed.
func (s *Set) Leave(ch *Channel) {
	s.mu.Lock()
	ch.uses--
	last := ch.uses == 0
	if last {
		delete(s.open, ch.ID)
	}
	s.mu.Unlock()
	if last {
		ch.Close()
	}
}

// Find returns a channel that somebody is on, else nil.
func (s *Set) Find(id string) *Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// RecallChanged shows those who watch a channel whether what is said there is kept.
func (s *Set) RecallChanged(id string) {
	if ch := s.Find(id); ch != nil {
		ch.change(func() {})
	}
}

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

// State is what channels need of Redis.
type State interface {
	floorReader
	floorLock
	revocationStore
	Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error)
}

// Config is the configuration of all channels. Everything is required.
type Config struct {
	State State
	// Lease is how long the hub relies on a view of the floor, or on a lock, after the
	// last confirmation.
	Lease time.Duration
	// LockTTL is how long a lock that is held for a browser outlives the hub.
	LockTTL time.Duration
	// MaxTalk is the longest talk spurt of a browser.
	MaxTalk time.Duration
	// HoldBack is the longest time between a packet and the event that grants its floor,
	// in either order.
	HoldBack time.Duration
	// Room says that the members talk in LiveKit rooms.
	Room   bool
	Recall *recall.Store
	Log    *slog.Logger
}

// Set has the channels in use.
type Set struct {
	Config
	ctx         context.Context // of all channels
	Traffic     forward.Traffic
	Relays      *forward.Relays
	revocations *revocations

	mu   sync.Mutex
	open map[string]*Channel
}

// NewSet returns an empty Set. Its channels end with ctx.
func NewSet(ctx context.Context, cfg Config) *Set {
	return &Set{Config: cfg, ctx: ctx, Relays: forward.NewRelays(), revocations: newRevocations(), open: map[string]*Channel{}}
}

// Enter returns a channel, and opens it if needed. Leave must follow.
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

// Find returns a channel in use, or nil.
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

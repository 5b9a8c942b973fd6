package hub

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

// channelStore is what channels need of the shared state.
type channelStore interface {
	floorReader
	floorLock
	Acquire(ctx context.Context, cl redis.Claim) (redis.Decision, error)
}

// channelConfig is what channels have in common. All of it is required.
type channelConfig struct {
	state channelStore
	// lease is how long a view of the floor, or a lock, is relied on without having
	// been confirmed.
	lease time.Duration
	// lockTTL is how long a lock that is held for a browser outlives the hub.
	lockTTL time.Duration
	// maxTalk is the longest talk spurt of a browser.
	maxTalk time.Duration
	// holdBack is how far apart a packet and the news of the floor may arrive.
	holdBack time.Duration
	// room says that the members talk in LiveKit rooms.
	room   bool
	recall *recall.Store
	log    *slog.Logger
}

// channels are those that anybody is on.
type channels struct {
	channelConfig
	ctx         context.Context // of all channels
	traffic     traffic
	relays      *relays
	revocations *revocations

	mu   sync.Mutex
	open map[string]*channel
}

// newChannels has no channel yet. All that it opens ends with ctx.
func newChannels(ctx context.Context, cfg channelConfig) *channels {
	return &channels{channelConfig: cfg, ctx: ctx, relays: newRelays(), revocations: newRevocations(), open: map[string]*channel{}}
}

// enter returns a channel for use; leave must follow.
func (s *channels) enter(id string) *channel {
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

// leave ends one use of a channel. An unused one is closed.
func (s *channels) leave(ch *channel) {
	s.mu.Lock()
	ch.uses--
	last := ch.uses == 0
	if last {
		delete(s.open, ch.id)
	}
	s.mu.Unlock()
	if last {
		ch.close()
	}
}

// find returns a channel that somebody is on, else nil.
func (s *channels) find(id string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// recallChanged shows those who watch a channel whether what is said there is kept.
func (s *channels) recallChanged(id string) {
	if ch := s.find(id); ch != nil {
		ch.change(func() {})
	}
}

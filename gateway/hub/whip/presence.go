package whip

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// Store is where the shared state keeps who is on which channels.
type Store interface {
	PutSession(ctx context.Context, s redis.Session) error
	RemoveSession(ctx context.Context, userID string) error
}

const (
	// DeviceID is what the hub's members have for a device in the shared state.
	DeviceID = "talkgate-hub"
	// presenceRefresh is when what is in Redis is written again: it expires
	// after an hour.
	presenceRefresh = 20 * time.Minute
	// presenceRetry is when what could not be written is tried again.
	presenceRetry = 10 * time.Second
	// presenceTimeout bounds writing it.
	presenceTimeout = 400 * time.Millisecond
)

// presence tells Redis who is on which channels of this hub, as the channel
// servers do for theirs. Nothing waits for it, and nothing depends on it.
type presence struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}

	mu      sync.Mutex
	present map[string]*attendee
	// changed are the users to write, and whether they left a channel.
	changed map[string]bool
}

// attendee is a member by its sessions.
type attendee struct {
	name     string
	since    time.Time
	channels map[string]int // sessions on each
}

func newPresence(store Store, log *slog.Logger) *presence {
	return &presence{
		store: store, log: log, wake: make(chan struct{}, 1),
		present: map[string]*attendee{}, changed: map[string]bool{},
	}
}

// arrive counts a session in.
func (a *presence) arrive(s *Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := a.present[s.userID]
	if who == nil {
		who = &attendee{since: time.Now(), channels: map[string]int{}}
		a.present[s.userID] = who
	}
	who.name = s.userName
	if who.channels[s.channel]++; who.channels[s.channel] == 1 {
		a.note(s.userID, false)
	}
}

// depart counts it out.
func (a *presence) depart(s *Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who := a.present[s.userID]
	if who.channels[s.channel]--; who.channels[s.channel] > 0 {
		return
	}
	delete(who.channels, s.channel)
	if len(who.channels) == 0 {
		delete(a.present, s.userID)
	}
	a.note(s.userID, true)
}

// note has a user written soon. a.mu is held.
func (a *presence) note(userID string, left bool) {
	a.changed[userID] = a.changed[userID] || left
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run writes until over is closed, when nobody is left, and once more then.
func (a *presence) Run(over <-chan struct{}) {
	again := time.NewTicker(presenceRefresh)
	defer again.Stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	for last := false; !last; {
		select {
		case <-over:
			last = true
		case <-a.wake:
		case <-retry.C:
		case <-again.C:
			a.noteAll()
		}
		if err := a.write(); err != nil {
			a.log.Warn("who is on the channels is not known to Redis", "err", err)
			retry.Reset(presenceRetry)
		}
	}
}

func (a *presence) noteAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for userID := range a.present {
		a.note(userID, false)
	}
}

// write writes what has changed. What fails is kept for the next time.
func (a *presence) write() error {
	a.mu.Lock()
	changed := a.changed
	a.changed = map[string]bool{}
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), presenceTimeout)
	defer cancel()
	for userID, left := range changed {
		if err := a.writeUser(ctx, userID, left); err != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			for userID, left := range changed {
				a.changed[userID] = a.changed[userID] || left
			}
			return err
		}
		delete(changed, userID)
	}
	return nil
}

func (a *presence) writeUser(ctx context.Context, userID string, left bool) error {
	a.mu.Lock()
	who := a.present[userID]
	s := redis.Session{UserID: userID, DeviceID: DeviceID}
	if who != nil {
		s.UserName, s.ConnectedAt = who.name, who.since.UnixMilli()
		s.Channels = slices.Sorted(maps.Keys(who.channels))
	}
	a.mu.Unlock()
	if left {
		if err := a.store.RemoveSession(ctx, userID); err != nil {
			return err
		}
	}
	if who == nil {
		return nil
	}
	return a.store.PutSession(ctx, s)
}

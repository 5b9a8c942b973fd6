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

// Store keeps in Redis who is on which channels.
type Store interface {
	PutSession(ctx context.Context, s redis.Session) error
	RemoveSession(ctx context.Context, userID string) error
}

const (
	// DeviceID is the device of the hub's members in Redis.
	DeviceID = "talkgate-hub"
	// presenceRefresh is the interval of rewriting the entries, which expire after an
	// hour.
	presenceRefresh = 20 * time.Minute
	// presenceRetry is the pause after a write that failed.
	presenceRetry = 10 * time.Second
	// presenceTimeout bounds one write.
	presenceTimeout = 400 * time.Millisecond
)

// presence writes to Redis who is on which channels of this hub, as the channel
// servers do for theirs. Nothing waits for it or depends on it.
type presence struct {
	store Store
	log   *slog.Logger
	wake  chan struct{}

	mu      sync.Mutex
	present map[string]*attendee
	// changed are the users to write, and whether they left a channel.
	changed map[string]bool
}

// attendee is a user and the user's sessions by channel.
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

// arrive adds a session.
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

// depart removes a session.
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

// note schedules the writing of a user. The caller holds a.mu.
func (a *presence) note(userID string, left bool) {
	a.changed[userID] = a.changed[userID] || left
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Run writes changes until over is closed, by when all sessions have ended. Then it
// writes once more.
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

// write writes the changed users. It keeps those that fail for the next time.
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

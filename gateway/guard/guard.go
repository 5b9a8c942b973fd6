// Package guard keeps LiveKit's rooms to the floor and the talk rights that are
// in Redis.
//
// LiveKit forwards whatever a member sends to whoever is in the room. A guard is in
// every room as a hidden member and listens. Through the server's own API it stops
// members who send without the floor, and takes the permissions of members without
// talk rights. Any number of guards may run: each acts on its own reading of Redis,
// all come to the same verdict, and what is done already is not done again.
package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// listEvery is how often the guard asks for the list of rooms. It bounds how
	// long a new room waits for its guard.
	listEvery = 200 * time.Millisecond
	// leaseEvery is how often a guard says that it is alive.
	leaseEvery = time.Second
	// apiTimeout bounds one call of the server's API.
	apiTimeout = 3 * time.Second
)

// State is the floor and the talk rights in Redis, and the lease by which others
// learn that a guard is alive.
type State interface {
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	ReadFloor(ctx context.Context, channel string) (redis.FloorView, error)
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
	KeepGuard(ctx context.Context, channel string) error
}

// Config is what a Guard needs.
type Config struct {
	// Server is LiveKit's URL.
	Server string
	// Key returns an API key of the server. It is called for each request.
	Key   func() (room.Key, error)
	State State
	// Engine makes the media sessions and outlives the Guard.
	Engine *rtc.Engine
	// Grants has the guard give each member with talk rights the permission to
	// publish, which their tokens then leave out: without a guard nobody new can
	// talk. When the last guard of a room is stopped it takes the permission back.
	Grants bool
	// Client reaches the server; nil is Go's default.
	Client *http.Client
	// Logger gets everything that the guard does; nil discards it.
	Logger *slog.Logger
}

// Guard watches all rooms of one LiveKit.
type Guard struct {
	cfg Config
	log *slog.Logger
	api *room.API

	lists     atomic.Uint64 // how often it asked for the list of rooms
	connected atomic.Bool   // the server answered last time
	rooms     atomic.Int64  // guarded now
	mutes     atomic.Uint64
	barred    atomic.Uint64
	removed   atomic.Uint64
}

// New checks the configuration and starts nothing.
func New(cfg Config) (*Guard, error) {
	if err := room.CheckURL(cfg.Server); err != nil {
		return nil, err
	}
	if cfg.State == nil || cfg.Engine == nil || cfg.Key == nil {
		return nil, errors.New("guard: Key, State and Engine are required")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Guard{cfg: cfg, log: cfg.Logger, api: &room.API{Server: cfg.Server, Key: cfg.Key, Client: cfg.Client}}, nil
}

// Status describes a Guard.
type Status struct {
	// Lists counts how often it asked for the list of rooms, about five times a
	// second.
	Lists uint64
	// Connected reports whether the server answered last time.
	Connected bool
	// Rooms is how many rooms are guarded now.
	Rooms int
	// Mutes, Barred and Removed count what was done since the guard was started:
	// streams muted, permissions taken, sessions ended.
	Mutes, Barred, Removed uint64
}

// Status may be called from any goroutine.
func (g *Guard) Status() Status {
	return Status{Lists: g.lists.Load(), Connected: g.connected.Load(), Rooms: int(g.rooms.Load()),
		Mutes: g.mutes.Load(), Barred: g.barred.Load(), Removed: g.removed.Load()}
}

// Run guards until ctx ends, and then returns nil.
func (g *Guard) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { g.keepAlive(ctx) })
	guarded := make(map[string]bool)
	ended := make(chan string)
	list := time.NewTicker(listEvery)
	defer list.Stop()
	for {
		for _, name := range g.list(ctx) {
			if guarded[name] {
				continue
			}
			guarded[name] = true
			work.Go(func() {
				newRoomGuard(g, name).run(ctx)
				select {
				case ended <- name:
				case <-ctx.Done():
				}
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case name := <-ended:
			delete(guarded, name)
		case <-list.C:
		}
	}
}

// list returns the names of all rooms, none while the server does not answer.
func (g *Guard) list(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	names, err := g.api.Rooms(ctx)
	first := g.lists.Add(1) == 1
	if ok := err == nil; g.connected.Swap(ok) != ok || (!ok && first) {
		if ok {
			g.log.Info("LiveKit answers", "url", g.cfg.Server)
		} else if ctx.Err() != context.Canceled {
			g.log.Warn("LiveKit does not answer: new rooms are not guarded", "url", g.cfg.Server, "err", err)
		}
	}
	return names
}

// keepAlive says in Redis that a guard runs, for as long as it has LiveKit's list of
// rooms.
func (g *Guard) keepAlive(ctx context.Context) {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for {
		if g.connected.Load() {
			lease, cancel := context.WithTimeout(ctx, leaseEvery)
			// A lease that cannot be written runs out, which says the same.
			_ = g.cfg.State.KeepGuard(lease, "")
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

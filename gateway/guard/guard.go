// Package guard keeps LiveKit's rooms to the floor and the talk rights that are
// in Redis.
//
// LiveKit forwards whatever a member sends. A guard is in every room, unseen,
// listens, and through the server's own API mutes who sends without the floor, and
// takes the permission to publish from who has no talk rights. Any number of
// guards may run: each does what its own reading of Redis and of the room asks
// for, all of them the same, and what is done already is not done again.
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
	// lookEvery is how often the guard asks which rooms there are, and how long
	// a new one is unguarded at most.
	lookEvery = time.Second
	// apiTime bounds one call of the server's API.
	apiTime = 3 * time.Second
)

// State is the floor and the talk rights, as they are followed in Redis.
type State interface {
	WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
}

// Config is what a Guard is made of.
type Config struct {
	// Server is LiveKit's URL, Key an API key of it.
	Server string
	Key    room.Key
	State  State
	// Engine makes the media sessions and outlives the Guard.
	Engine *rtc.Engine
	// Client reaches the server; nil is Go's default.
	Client *http.Client
	// Logger is told of everything that the guard does; nil discards it.
	Logger *slog.Logger
}

// Guard minds all rooms of one LiveKit.
type Guard struct {
	cfg Config
	log *slog.Logger
	api *room.API

	looks  atomic.Uint64 // how often it looked for rooms
	known  atomic.Bool   // the server answered last time
	rooms  atomic.Int64  // that are guarded now
	mutes  atomic.Uint64
	barred atomic.Uint64
}

// New checks the configuration and starts nothing.
func New(cfg Config) (*Guard, error) {
	if err := room.CheckURL(cfg.Server); err != nil {
		return nil, err
	}
	if cfg.State == nil || cfg.Engine == nil {
		return nil, errors.New("guard: State and Engine are required")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Guard{cfg: cfg, log: cfg.Logger, api: &room.API{Server: cfg.Server, Key: cfg.Key, Client: cfg.Client}}, nil
}

// Status is how a Guard does.
type Status struct {
	// Looks counts how often it looked for rooms, about once a second.
	Looks uint64
	// Connected is whether the server answered last time.
	Connected bool
	// Rooms are guarded now.
	Rooms int
	// Mutes and Barred count what it did since it was started.
	Mutes, Barred uint64
}

// Status may be asked for from any goroutine.
func (g *Guard) Status() Status {
	return Status{Looks: g.looks.Load(), Connected: g.known.Load(), Rooms: int(g.rooms.Load()), Mutes: g.mutes.Load(), Barred: g.barred.Load()}
}

// Run guards until ctx ends, and then returns nil.
func (g *Guard) Run(ctx context.Context) error {
	posts := newPosts()
	var work sync.WaitGroup
	defer work.Wait()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		for _, name := range g.look(ctx) {
			if posts.enter(name) {
				work.Go(func() {
					g.rooms.Add(1)
					defer g.rooms.Add(-1)
					defer posts.leave(name)
					newPost(g, name).run(ctx)
				})
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// look asks which rooms there are.
func (g *Guard) look(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, apiTime)
	defer cancel()
	names, err := g.api.Rooms(ctx)
	g.looks.Add(1)
	if known := err == nil; g.known.Swap(known) != known || (err != nil && g.looks.Load() == 1) {
		if known {
			g.log.Info("LiveKit answers", "url", g.cfg.Server)
		} else if ctx.Err() != context.Canceled {
			g.log.Warn("LiveKit does not answer: nothing is guarded", "url", g.cfg.Server, "error", err)
		}
	}
	return names
}

// posts are the rooms that are guarded.
type posts struct {
	mu    sync.Mutex
	names map[string]bool
}

func newPosts() *posts { return &posts{names: make(map[string]bool)} }

// enter reports whether nobody was there.
func (p *posts) enter(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names[name] {
		return false
	}
	p.names[name] = true
	return true
}

func (p *posts) leave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.names, name)
}

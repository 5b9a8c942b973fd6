// Package livekit is a port's link to LiveKit, the distributed SFU: a channel is
// a room, the port a member of it whose identity is its user ID.
//
// The floor stays in Redis, as on the hub. LiveKit forwards whatever a member
// sends; so the port sends only while it holds the floor, and hears only who holds
// it by its own reading of Redis. What others hear who do not look there is the
// guard's to mind (gateway/guard).
package livekit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

// Config is where a Link connects to, as whom, and with what.
type Config struct {
	// Servers are the URLs of one LiveKit: the first is tried first, the others
	// when it cannot be reached.
	Servers []string
	// Channel is talked and listened on, the channels of Monitor are listened
	// on.
	Channel string
	Monitor []string
	// Access gets a token for a room. It is asked before each connection.
	Access func(ctx context.Context, room string) (Access, error)
	// Floor is where the link reads who is to be heard.
	Floor port.FloorWatcher
	// Engine makes the media sessions and outlives the Link.
	Engine *rtc.Engine
	// Client makes the handshake; nil is Go's default.
	Client *http.Client
	// Logger is told of connections made, lost and refused; nil discards it.
	Logger *slog.Logger
}

// Link implements [port.Link].
type Link struct {
	cfg Config
	log *slog.Logger

	session atomic.Pointer[room.Session] // of the port's channel, nil while the link is down
	in, out rtc.Meter                    // of the port's channel
}

var _ port.Link = (*Link)(nil)

// New checks the configuration. It does not connect; Run does.
func New(cfg Config) (*Link, error) {
	if len(cfg.Servers) == 0 {
		return nil, errors.New("LiveKit link: a server's URL is required")
	}
	for _, s := range cfg.Servers {
		if err := room.CheckURL(s); err != nil {
			return nil, err
		}
	}
	if cfg.Channel == "" || cfg.Access == nil || cfg.Floor == nil || cfg.Engine == nil {
		return nil, errors.New("LiveKit link: Channel, Access, Floor and Engine are required")
	}
	if slices.Contains(cfg.Monitor, cfg.Channel) {
		return nil, fmt.Errorf("LiveKit link: channel %q is talked on and need not be monitored", cfg.Channel)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Link{cfg: cfg, log: cfg.Logger}, nil
}

// Run implements [port.Link]. It is up while the port's own channel is; the
// monitored ones come and go by themselves. It runs once at a time.
func (l *Link) Run(ctx context.Context, ev port.LinkEvents) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	failed := make(chan error, 1+len(l.cfg.Monitor))
	for i, channel := range append([]string{l.cfg.Channel}, l.cfg.Monitor...) {
		f := newFloorFilter(i, ev.Receive)
		work.Go(func() {
			if err := l.cfg.Floor.WatchChannel(ctx, channel, func(v redis.FloorView) {
				if err := f.apply(v); err != nil {
					l.log.Warn("a holder of the floor was overtaken by a newer grant: it is not heard", "channel", channel, "user", v.Holder.UserID, "err", err)
				}
			}); err != nil {
				failed <- fmt.Errorf("floor of channel %q: %w", channel, err)
				cancel()
			}
		})
		m := &membership{link: l, channel: channel, filter: f, log: l.log.With("channel", channel)}
		if i == 0 {
			m.events = ev
		}
		work.Go(func() { m.run(ctx) })
	}
	work.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// servers is how many servers are configured.
func (l *Link) servers() int { return len(l.cfg.Servers) }

// WriteOpus implements [port.Link].
func (l *Link) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	s := l.session.Load()
	if s == nil {
		return port.ErrLinkDown
	}
	return s.WriteOpus(frame, timestamp, first)
}

// Quality is how well the link carries the port's own channel.
func (l *Link) Quality() port.LinkQuality {
	var q port.LinkQuality
	q.In, q.RTT = l.in.Read()
	q.Out, _ = l.out.Read()
	return q
}

// measure counts on with a new session.
func (l *Link) measure(s *room.Session) {
	l.in.Follow(s.Heard())
	if v := s.Said(); v != nil {
		l.out.Follow(v)
	}
}

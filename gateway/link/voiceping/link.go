// Package voiceping links a port to VoicePing servers. The port is a full member of
// their channels, with WebSocket signaling and mediasoup media.
//
// A Link has two roles. As [port.Link] it joins the channel, makes its producer at the
// join, and consumes the producer of every member. As [port.SpeakerLock] it requests
// the floor with ptt-start, without which the server forwards nothing, and then renews
// the lock in Redis itself: the server neither renews a lock nor silences a talker who
// lost it.
package voiceping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
)

// connectTimeout bounds one attempt from the handshake to the first media.
const connectTimeout = 10 * time.Second

// Config is where a Link connects to, as whom, and with what.
type Config struct {
	// URL is the server's WebSocket, for example "wss://ptt.example/ws".
	URL string
	// UserID and Role are those of the token.
	UserID string
	Role   redis.Role
	// Channel is the channel to talk and listen on. The port only listens on those of
	// Monitor.
	Channel string
	Monitor []string
	// Sharing is how many gateways connect from the same IP address and share the
	// server's login limits; zero is one.
	Sharing int
	// Logins is shared by the links of one gateway, of which one runs at a time. Nil
	// makes one for this link, with Sharing.
	Logins *Logins
	// Token returns the token to connect with. refused is the one that the
	// server has just refused, or empty; it must not be returned again.
	Token func(ctx context.Context, refused string) (string, error)
	// Engine makes the sessions and outlives the Link.
	Engine *rtc.Engine
	// State is the Redis that the server uses.
	State State
	// Client makes the handshake; nil is http.DefaultClient.
	Client *http.Client
	// Logger gets connections made, lost and refused; nil discards them.
	Logger *slog.Logger
}

// State is what a Link needs of Redis.
type State interface {
	port.SpeakerLock
	Adopt(ctx context.Context, cl redis.Claim) (redis.Decision, error)
	Abandon(ctx context.Context, cl redis.Claim, age time.Duration) (bool, error)
	ReadFloor(ctx context.Context, channel string) (redis.FloorView, error)
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
	WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error
	RefreshFloor(channel string)
}

// Link implements [port.Link] and [port.SpeakerLock].
type Link struct {
	cfg Config
	log *slog.Logger

	session atomic.Pointer[session] // nil while the link is down
	grant   atomic.Pointer[grant]   // nil while nothing is granted
	members roster

	emergencies emergencies
	locks       locks
	rights      atomic.Pointer[redis.Rights] // nil until they were read
	out         rtc.Meter

	// floor serializes floor requests and their undoing.
	floor     sync.Mutex
	unsettled map[string]bool // tokens of claims whose request nobody answered
}

var (
	_ port.Link        = (*Link)(nil)
	_ port.SpeakerLock = (*Link)(nil)
)

// New checks the configuration. It does not connect; Run does.
func New(cfg Config) (*Link, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || (u.Scheme != "ws" && u.Scheme != "wss") || u.Host == "" || u.User != nil {
		return nil, errors.New("VoicePing URL: want wss://host/ws or ws://host/ws without user and password")
	}
	if cfg.Channel == "" || cfg.UserID == "" || cfg.Token == nil || cfg.Engine == nil || cfg.State == nil {
		return nil, errors.New("VoicePing link: UserID, Channel, Token, Engine and State are required")
	}
	if slices.Contains(cfg.Monitor, cfg.Channel) {
		return nil, fmt.Errorf("VoicePing link: channel %q is talked on and need not be monitored", cfg.Channel)
	}
	if cfg.Logins == nil {
		cfg.Logins = NewLogins(cfg.Sharing)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Link{cfg: cfg, log: cfg.Logger, members: newRoster(), unsettled: make(map[string]bool)}, nil
}

// Run implements [port.Link]. It runs once at a time.
func (l *Link) Run(ctx context.Context, ev port.LinkEvents) error {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		if err := l.followRights(ctx); err != nil {
			l.log.Error("talk rights are not followed", "err", err)
		}
	})
	logins, backoff := l.cfg.Logins, retry.Backoff{Policy: retryPolicy()}
	if wait := logins.wait(time.Now()); wait > 0 {
		ev.LinkDown(fmt.Errorf("%w: too many logins, the next in %v", port.LinkLimited, wait.Round(time.Second)))
		retry.Sleep(ctx, wait)
	}
	solos := make([]*rtc.SpeakerSelector, 1+len(l.cfg.Monitor))
	for i := range solos {
		solos[i] = rtc.NewSpeakerSelector(i, ev.Receive)
	}
	refused := ""
	for {
		token, err := l.ready(ctx, refused, ev)
		if ctx.Err() != nil {
			return nil
		}
		var lived time.Duration
		if err == nil {
			logins.dial(time.Now())
			lived, err = l.once(ctx, token, solos, ev)
		}
		if ctx.Err() != nil {
			return nil
		}
		refused = ""
		if errors.Is(err, port.LinkTokenRefused) || errors.Is(err, port.LinkNoMember) && !errors.Is(err, errWithdrawn) {
			refused = token
		}
		if lived == 0 {
			ev.LinkDown(err)
		}
		wait := logins.after(time.Now(), err, backoff.Next(err, lived))
		l.log.Warn("no session with the VoicePing server", "err", err, "url", l.cfg.URL, "retry_in", wait)
		least := logins.dialed.wait(time.Now())
		retry.Sleep(ctx, least)
		l.waitWhile(ctx, wait-least, l.obstacle(ctx, token, err))
	}
}

// once runs one session. It returns how long the session lasted and why it ended.
func (l *Link) once(ctx context.Context, token string, solos []*rtc.SpeakerSelector, ev port.LinkEvents) (lived time.Duration, err error) {
	setup, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	s, err := l.connect(setup, token, solos)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := s.join(setup); err != nil {
		return 0, s.because(err)
	}
	began := time.Now()
	l.session.Store(s)
	l.log.Info("session with the VoicePing server", "url", l.cfg.URL)
	ev.LinkUp()
	if r := l.rights.Load(); r != nil {
		s.onRights(*r)
	}
	err = s.because(s.watch(ctx))
	l.session.Store(nil)
	l.emergencies.forget()
	l.cfg.State.RefreshFloor(l.cfg.Channel)
	if errors.Is(err, port.LinkDisconnected) && l.banned(ctx) {
		err = fmt.Errorf("%w: %w", port.LinkBanned, err)
	}
	ev.LinkDown(err)
	return time.Since(began), err
}

// WriteOpus implements [port.Link]. Besides the port's own gate, a frame
// needs the server's grant.
func (l *Link) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	s, g := l.session.Load(), l.grant.Load()
	if s == nil || g == nil || g.session != s || !g.isOpen() {
		return port.ErrLinkDown
	}
	err := s.write(frame, timestamp, first)
	if err != nil && s.voice.Err() != nil {
		return port.ErrLinkDown
	}
	return err
}

// Package voiceping is a port's link to the VoicePing servers: a full member of
// their channels, over their WebSocket signalling and mediasoup's media.
//
// A Link is two things to its port. As [port.Link] it joins, produces at the
// join, consumes every producer it hears of, and keeps all that for good. As
// [port.SpeakerLock] it takes the floor through the server's ptt-start, which
// alone makes the server forward what is said, and from then on minds the lock in
// Redis itself: the server neither renews it nor silences a talker who lost it.
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
	// Channel is talked and listened on, the channels of Monitor are listened
	// on.
	Channel string
	Monitor []string
	// Sharing is how many gateways reach the server from one address, which
	// share its limits; zero is one.
	Sharing int
	// Logins is shared by links of one gateway that run by turns, and made with
	// Sharing; nil is of this link alone.
	Logins *Logins
	// Token returns the token to connect with. refused is the one that the
	// server has just refused, or empty: it is of no use any more.
	Token func(ctx context.Context, refused string) (string, error)
	// Engine makes the sessions and outlives the Link.
	Engine *rtc.Engine
	// State is the Redis that the server uses.
	State State
	// Client makes the handshake; nil is Go's default.
	Client *http.Client
	// Logger is told of connections made, lost and refused; nil discards it.
	Logger *slog.Logger
}

// State is the shared state as a Link uses it.
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

	// floor orders requests for the floor and what has to be undone of them.
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

// once runs one session to its end: how long it stood, and why it ended.
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

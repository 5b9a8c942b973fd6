// Package hub is the embedded channel server, for a site without one.
//
// Members publish to a channel by WHIP (RFC 9725) and listen by WHEP; what a
// member sends goes to everybody else on the channel, without transcoding, while
// the member has the floor and may talk by the hub's own view of Redis. A port
// takes the floor in Redis itself; for browsers the hub does. The HTTP API is
// described in docs/http-api.md.
package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/console"
	"github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/gateway/hub/emergency"
	"github.com/talkgate/talkgate/gateway/hub/loglimit"
	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/gateway/hub/turn"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/gateway/metrics"
)

// State is what the hub needs of the shared state in Redis.
type State interface {
	channel.State
	console.State
	whip.Store
	Ping(ctx context.Context) error
}

// MediaServer answers offers, and shares a TCP port with HTTP. *icelite.Server
// implements it.
type MediaServer interface {
	whip.Media
	Share(l net.Listener) net.Listener
}

// Config is what a Hub is made of. State, Media and Secret are required.
type Config struct {
	// Listen is "host:port" to serve HTTP on. Empty serves nothing: the hub is
	// reached by its Handler only.
	Listen string
	// TLS serves HTTPS; nil is plain HTTP.
	TLS *tls.Config
	// Name is a name that TLS has a certificate for; empty is "localhost".
	Name string
	// ShareTCP takes ICE-TCP on the port of Listen, for peers whose network blocks
	// UDP.
	ShareTCP bool
	// Secret signs the bearer tokens (HS256): 32 random bytes or more.
	Secret []byte
	// State is the shared state; the hub does not close it.
	State State
	// Media answers offers; the hub does not close it. Its PeerTimeout
	// decides how soon a member whose session died may open another.
	Media MediaServer
	// Boards is how boards join; nil lets none.
	Boards *Boards
	// Rooms is the LiveKit that the channels are on; nil is the hub itself.
	Rooms *Rooms
	// TURN is the relay that members are told of; nil is none.
	TURN *turn.Relay
	// LockTTL is how long a lock the hub holds for a browser outlives the hub;
	// zero is 3 s.
	LockTTL time.Duration
	// Lease is how long a view of the floor, or a lock, is relied on without
	// having been confirmed; zero is 1 s.
	Lease time.Duration
	// MaxTalk is the longest talk spurt of a member that the hub holds the floor
	// for; zero is a minute. Ports keep to their own.
	MaxTalk time.Duration
	// HoldBack is how far apart a packet and the news of the floor may arrive:
	// how long the first packets of a talk spurt wait for the view of the floor
	// to confirm their sender, and how long after a port let go of the floor its
	// last ones are still waited for. Zero is 200 ms.
	HoldBack time.Duration
	// Recall bounds what is kept of what was said on the channels.
	Recall recall.Config
	// MaxSessions bounds WHIP and WHEP sessions together; zero is 2000.
	MaxSessions int
	// Metrics takes the hub's metrics and is served at /metrics; nil is one of
	// its own, which has those of Go and the process too.
	Metrics *metrics.Registry
	// Logger takes what happens; nil discards it. Tokens never reach it.
	Logger *slog.Logger
}

func (cfg *Config) complete() error {
	switch {
	case cfg.State == nil:
		return errors.New("hub: Config.State is nil, expected the shared state")
	case cfg.Media == nil:
		return errors.New("hub: Config.Media is nil, expected a media server")
	case len(cfg.Secret) < auth.MinSecret:
		return fmt.Errorf("hub: the token secret has %d bytes, expected at least %d random ones (RFC 7518 section 3.2)", len(cfg.Secret), auth.MinSecret)
	}
	setDefault(&cfg.Name, "localhost")
	setDefault(&cfg.LockTTL, 3*time.Second)
	setDefault(&cfg.Lease, time.Second)
	setDefault(&cfg.MaxTalk, time.Minute)
	setDefault(&cfg.HoldBack, 200*time.Millisecond)
	setDefault(&cfg.MaxSessions, 2000)
	if cfg.Lease > cfg.LockTTL {
		return fmt.Errorf("hub: a lease of %v is longer than the lock TTL of %v it relies on", cfg.Lease, cfg.LockTTL)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = loglimit.New(cfg.Logger)
	return nil
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Hub is a channel server.
type Hub struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener // nil without Config.Listen
	handler  http.Handler
	counts   *counts

	access      *auth.Access
	channels    *channel.Set
	sessions    *whip.Server
	console     *console.Console
	emergencies *emergency.Monitor
	past        *recall.API
	devices     *devices.Server // nil without Config.Boards

	ctx    context.Context
	cancel context.CancelFunc
}

// New prepares a hub and opens its address, so that one in use is known at once.
// Run must follow.
func New(cfg Config) (*Hub, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	h := &Hub{cfg: cfg, log: cfg.Logger}
	h.access = auth.New(cfg.Secret, h.checkDevice)
	if cfg.Listen != "" {
		l, err := net.Listen("tcp", cfg.Listen)
		if err != nil {
			return nil, fmt.Errorf("hub: HTTP address %q cannot be served on, free it or choose another: %w", cfg.Listen, err)
		}
		if cfg.ShareTCP {
			l = cfg.Media.Share(l)
		}
		if cfg.TLS != nil {
			l = tls.NewListener(l, cfg.TLS)
		}
		h.listener = l
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	past := recall.New(cfg.Recall)
	h.channels = channel.NewSet(h.ctx, channel.Config{
		State: cfg.State, Lease: cfg.Lease, LockTTL: cfg.LockTTL, MaxTalk: cfg.MaxTalk, HoldBack: cfg.HoldBack,
		Room: cfg.Rooms != nil, Recall: past, Log: h.log,
	})
	h.sessions = whip.New(h.ctx, whip.Config{Media: cfg.Media, Channels: h.channels, Store: cfg.State, Turn: cfg.TURN, Max: cfg.MaxSessions, Log: h.log})
	if cfg.Boards != nil {
		h.devices = h.newDevices(*cfg.Boards)
	}
	fleet := console.NewFleet(h.log)
	h.emergencies = emergency.New(cfg.State, fleet.Channels, h.log)
	h.console = console.New(cfg.State, fleet, h.emergencies, past, h.log)
	h.past = &recall.API{Store: past, State: cfg.State, Changed: h.channels.RecallChanged, Log: h.log}
	h.counts = newCounts(h)
	console.RegisterFleet(cfg.Metrics, fleet)
	h.handler = h.routes()
	return h, nil
}

// Addr is the address that is served on, nil without Config.Listen.
func (h *Hub) Addr() net.Addr {
	if h.listener == nil {
		return nil
	}
	return h.listener.Addr()
}

// Scheme is "https" with Config.TLS, else "http".
func (h *Hub) Scheme() string {
	if h.cfg.TLS != nil {
		return "https"
	}
	return "http"
}

// Name is Config.Name.
func (h *Hub) Name() string { return h.cfg.Name }

// Handler serves the HTTP API and the page.
func (h *Hub) Handler() http.Handler { return h.handler }

// shutdownTime bounds how long Run may take once its context has ended.
const shutdownTime = 1500 * time.Millisecond

// Run serves until ctx ends, then gives back the floors it holds, closes all
// sessions and returns nil. It returns an error if it cannot serve.
func (h *Hub) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	srv := newServer(h.handler, h.log)
	if h.listener != nil {
		go func() { failed <- srv.Serve(h.listener) }()
	}
	noSession := make(chan struct{})
	var parts sync.WaitGroup
	parts.Go(func() { h.sessions.Run(noSession) })
	parts.Go(func() { h.console.Run(h.ctx) })
	parts.Go(func() { h.emergencies.Run(h.ctx) })
	parts.Go(func() { h.past.Store.Run(h.ctx) })
	if h.cfg.Rooms != nil {
		parts.Go(func() { h.console.Guards.Run(h.ctx) })
	}
	if h.devices != nil {
		parts.Go(func() { h.devices.Run(h.ctx) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("hub: serve %v: %w", h.listener.Addr(), err)
	}
	h.cancel()
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if srv.Shutdown(bye) != nil {
		_ = srv.Close() // whoever still talks to us has had its time
	}
	h.sessions.Close()
	close(noSession)
	parts.Wait()
	return err
}

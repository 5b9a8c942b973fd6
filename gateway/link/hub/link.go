// Package hub is a port's link to a talkgate hub: WHIP (RFC 9725) for what the
// port says and its counterpart for listening, WHEP, for what it hears.
//
// Each of the two is a leg that connects, is kept, and reconnects on its own,
// so that a port which may not send still hears.
package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/media/rtc"
)

// Config is where a Link connects to, and with what.
type Config struct {
	// URL is the hub's, for example "https://hub.example:8080".
	URL string
	// Channel is the channel's id.
	Channel string
	// Token returns the bearer token. It is asked before every request, so it
	// may renew what is about to expire.
	Token func(ctx context.Context) (string, error)
	// Engine makes the sessions and outlives the Link.
	Engine *rtc.Engine
	// Client posts the offers; nil means one with Go's defaults.
	Client *http.Client
	// Logger is told of connections made, lost and refused; nil discards it.
	Logger *slog.Logger
}

// Link implements [gateway.Link].
type Link struct {
	engine *rtc.Engine
	client *http.Client
	log    *slog.Logger
	send   endpoint
	hear   endpoint
	// patience is the longest wait between two attempts.
	patience time.Duration

	voice   atomic.Pointer[rtc.Publication]
	in, out rtc.Meter
}

var _ gateway.Link = (*Link)(nil)

// New checks the configuration. It does not connect; Run does.
func New(cfg Config) (*Link, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("hub URL: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("hub URL %q: want http://host:port or https://host:port", base.Redacted())
	}
	if cfg.Channel == "" || cfg.Channel == "." || cfg.Channel == ".." {
		return nil, fmt.Errorf("channel %q: want a channel's id", cfg.Channel)
	}
	if cfg.Token == nil || cfg.Engine == nil {
		return nil, errors.New("hub link: Token and Engine are required")
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Link{engine: cfg.Engine, client: cfg.Client, log: cfg.Logger, patience: patience}
	at := func(kind string) endpoint {
		return endpoint{
			url:    base.JoinPath(kind, url.PathEscape(cfg.Channel)).String(),
			token:  cfg.Token,
			client: cfg.Client,
		}
	}
	l.send, l.hear = at("whip"), at("whep")
	return l, nil
}

// Run implements [gateway.Link]. The link is up while both legs are. It runs
// once at a time.
func (l *Link) Run(ctx context.Context, ev gateway.LinkEvents) error {
	defer l.client.CloseIdleConnections()
	up := &tally{events: ev, missing: 2}
	legs := []leg{
		{endpoint: l.send, connect: l.publish, log: l.log.With("leg", "send")},
		{endpoint: l.hear, connect: l.subscribe(ev), log: l.log.With("leg", "hear")},
	}
	var running sync.WaitGroup
	for _, leg := range legs {
		leg.patience, leg.up = l.patience, up
		running.Go(func() { leg.run(ctx) })
	}
	running.Wait()
	return nil
}

func (l *Link) publish(ctx context.Context, exchange rtc.Exchange) (session, error) {
	p, err := l.engine.Publish(ctx, exchange)
	if err != nil {
		return nil, err
	}
	l.voice.Store(p)
	l.out.Follow(p)
	return p, nil
}

func (l *Link) subscribe(ev gateway.LinkEvents) connector {
	return func(ctx context.Context, exchange rtc.Exchange) (session, error) {
		s, err := l.engine.Subscribe(ctx, exchange, ev.Receive)
		if err != nil {
			return nil, err
		}
		l.in.Follow(s)
		return s, nil
	}
}

// WriteOpus implements [gateway.Link].
func (l *Link) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	p := l.voice.Load()
	if p == nil {
		return gateway.ErrLinkDown
	}
	err := p.WriteOpus(frame, timestamp, first)
	if err != nil && p.Err() != nil {
		return gateway.ErrLinkDown
	}
	return err
}

// tally turns the ups and downs of the legs into those of the link.
type tally struct {
	events  gateway.LinkEvents
	mu      sync.Mutex
	missing int
}

func (t *tally) legUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missing--; t.missing == 0 {
		t.events.LinkUp()
	}
}

// legFails says why a leg that is down stays so.
func (t *tally) legFails(reason error) { t.events.LinkDown(reason) }

func (t *tally) legDown(reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missing++; t.missing == 1 {
		t.events.LinkDown(reason)
	}
}

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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// Config is where a Link connects to, and with what.
type Config struct {
	// URL is the hub's, for example "https://hub.example:8080". Fallback are other
	// hubs on the same Redis, tried in order where it cannot be reached.
	URL      string
	Fallback []string
	// CAFile holds PEM certificates that https trusts; empty is the system's.
	// Fingerprint is the SHA-256 of the only certificate to accept; empty is any
	// that is valid.
	CAFile, Fingerprint string
	// Channel is the ID of the channel that is talked and listened on; those of
	// Monitor are listened on, too.
	Channel string
	Monitor []string
	// Token returns the bearer token. It is asked before every request, so it
	// may renew what is about to expire.
	Token func(ctx context.Context) (string, error)
	// Engine makes the sessions and outlives the Link.
	Engine *rtc.Engine
	// Logger is told of connections made, lost and refused; nil discards it.
	Logger *slog.Logger
}

// Link implements [port.Link].
type Link struct {
	engine *rtc.Engine
	client *http.Client
	log    *slog.Logger
	send   []endpoint   // by hub
	hear   [][]endpoint // of the channel and of the monitored ones, by hub
	homes  []string     // the hubs, the preferred one first
	retry  retry.Policy
	relays relays

	betterEvery time.Duration

	voice   atomic.Pointer[rtc.Publication]
	in, out rtc.Meter
	active  atomic.Uint64 // frames said and heard
}

var _ port.Link = (*Link)(nil)

// New checks the configuration. It does not connect; Run does.
func New(cfg Config) (*Link, error) {
	bases, err := parseURLs(append([]string{cfg.URL}, cfg.Fallback...))
	if err != nil {
		return nil, err
	}
	channels := append([]string{cfg.Channel}, cfg.Monitor...)
	for i, channel := range channels {
		if channel == "" || channel == "." || channel == ".." || slices.Contains(channels[:i], channel) {
			return nil, fmt.Errorf("channel %q: want a channel's id, and each once", channel)
		}
	}
	if cfg.Token == nil || cfg.Engine == nil {
		return nil, errors.New("hub link: Token and Engine are required")
	}
	client, err := NewClient(cfg.CAFile, cfg.Fingerprint)
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Link{engine: cfg.Engine, client: client, log: cfg.Logger, retry: retryPolicy(), betterEvery: betterEvery}
	at := func(kind, channel string) (endpoints []endpoint) {
		for _, base := range bases {
			endpoints = append(endpoints, endpoint{
				url:    base.JoinPath(kind, url.PathEscape(channel)).String(),
				token:  cfg.Token,
				client: client,
				relays: &l.relays,
			})
		}
		return endpoints
	}
	for _, base := range bases {
		l.homes = append(l.homes, base.JoinPath("healthz").String())
	}
	l.send = at("whip", cfg.Channel)
	for _, channel := range channels {
		l.hear = append(l.hear, at("whep", channel))
	}
	return l, nil
}

func parseURLs(texts []string) (bases []*url.URL, err error) {
	for _, text := range texts {
		base, err := url.Parse(text)
		if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.User != nil {
			return nil, errors.New("hub URL: want http://host:port or https://host:port without user and password")
		}
		bases = append(bases, base)
	}
	return bases, nil
}

// Run implements [port.Link]. The link is up while both legs of the channel
// are; monitored channels come and go by themselves. It runs once at a time.
func (l *Link) Run(ctx context.Context, ev port.LinkEvents) error {
	defer l.client.CloseIdleConnections()
	up := &tally{events: ev, missing: 2}
	var running sync.WaitGroup
	legs := []leg{{endpoints: l.send, connect: l.publish(ev, &running), events: up, log: l.log.With("leg", "send")}}
	for i, hear := range l.hear {
		receive := func(p media.Packet) {
			p.Channel = i
			l.active.Add(1)
			ev.Receive(p)
		}
		leg := leg{endpoints: hear, connect: l.subscribe(receive, &l.in), events: up, log: l.log.With("leg", "hear")}
		if i > 0 {
			leg.connect, leg.events, leg.log = l.subscribe(receive, new(rtc.Meter)), monitored{}, l.log.With("leg", "monitor")
		}
		legs = append(legs, leg)
	}
	for _, leg := range legs {
		leg.backoff.Policy = l.retry
		leg.better, leg.stuck = l.better, l.stuck
		running.Go(func() { leg.run(ctx) })
	}
	running.Wait()
	return nil
}

func (l *Link) publish(ev port.LinkEvents, running *sync.WaitGroup) connector {
	return func(ctx context.Context, exchange rtc.Exchange) (session, error) {
		p, err := l.engine.Publish(ctx, exchange)
		if err != nil {
			return nil, err
		}
		l.voice.Store(p)
		l.out.Follow(p)
		running.Go(func() { watchUnheard(p, ev) })
		return p, nil
	}
}

// unheardFor is how long one message that nothing is forwarded counts. The hub repeats it
// twice a second.
const unheardFor = 1500 * time.Millisecond

// watchUnheard reports whether the hub forwards what is sent, until the session ends.
func watchUnheard(p *rtc.Publication, ev port.LinkEvents) {
	over := time.NewTimer(unheardFor)
	over.Stop()
	for {
		select {
		case <-p.Done():
			return
		case reason := <-p.Unheard():
			ev.Unheard(reason)
			over.Reset(unheardFor)
		case <-over.C:
			ev.Unheard("")
		}
	}
}

func (l *Link) subscribe(receive func(media.Packet), meter *rtc.Meter) connector {
	return func(ctx context.Context, exchange rtc.Exchange) (session, error) {
		s, err := l.engine.Subscribe(ctx, exchange, receive)
		if err != nil {
			return nil, err
		}
		meter.Follow(s)
		return s, nil
	}
}

// stuck has the next attempts use the relays that the hub named.
func (l *Link) stuck() {
	if all := l.relays.all(); len(all) > 0 {
		l.log.Warn("no direct way to the hub: its relays are tried", "relays", len(all))
		l.engine.UseRelays(all)
	}
}

// WriteOpus implements [port.Link].
func (l *Link) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	p := l.voice.Load()
	if p == nil {
		return port.ErrLinkDown
	}
	l.active.Add(1)
	err := p.WriteOpus(frame, timestamp, first)
	if err != nil && p.Err() != nil {
		return port.ErrLinkDown
	}
	return err
}

// legEvents is what a leg reports of its sessions.
type legEvents interface {
	legUp()
	legFails(reason error)
	legDown(reason error)
}

// monitored ignores the events of a channel that the port can do without.
type monitored struct{}

func (monitored) legUp()         { /* the leg logs it */ }
func (monitored) legFails(error) { /* the leg logs it */ }
func (monitored) legDown(error)  { /* the leg logs it */ }

// tally turns the ups and downs of the legs into those of the link.
type tally struct {
	events  port.LinkEvents
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

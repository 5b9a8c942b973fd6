package livekit

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
)

// connectTimeout bounds one attempt from the handshake to the first media.
const connectTimeout = 10 * time.Second

// errBarred says that the server lets the port listen only.
var errBarred = errors.New("LiveKit does not let the port publish: its talk rights are gone, or its token forbids it")

// membership keeps one session in one room.
type membership struct {
	link    *Link
	channel string
	filter  *floorFilter
	events  port.LinkEvents // nil on a monitored channel
	log     *slog.Logger

	server int      // of the configured ones, to be tried next
	hints  []string // servers to try before them
	newest string   // token that the server renewed
}

// run joins, and joins again, until ctx ends. Each server is tried before any wait.
func (m *membership) run(ctx context.Context) {
	backoff := retry.Backoff{Policy: retryPolicy()}
	untried := m.link.servers() - 1
	for {
		lived, err := m.once(ctx)
		if ctx.Err() != nil {
			return
		}
		var left *room.LeftError
		if errors.As(err, &left) && !left.Duplicate() {
			m.hints = left.URLs
		}
		if m.events != nil && lived == 0 {
			m.events.LinkDown(err)
		}
		if lived == 0 && untried > 0 && isElsewhere(err) {
			untried--
			m.log.Warn("no session with LiveKit; the next server is tried", "err", err)
			continue
		}
		untried = m.link.servers() - 1
		wait := backoff.Next(err, lived)
		m.log.Warn("no session with LiveKit", "err", err, "retry_in", wait)
		if !retry.Sleep(ctx, wait) {
			return
		}
	}
}

// once runs one session to its end: how long it stood, and why it ended.
func (m *membership) once(ctx context.Context) (lived time.Duration, err error) {
	setup, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	access, err := m.access(setup)
	if err != nil {
		return 0, err
	}
	changed := make(chan struct{}, 1)
	s, err := room.Join(setup, room.Config{
		Server: access.Server, Token: access.Token, Publish: m.events != nil,
		Hear: func(identity func() string) room.Hearer { return m.filter.add(identity).receive },
		Changed: func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
		Engine: m.link.cfg.Engine, Client: m.link.cfg.Client, Logger: m.log,
	})
	if err != nil {
		m.server++ // another may be better
		return 0, withFault(err, access.Token)
	}
	if m.events != nil {
		m.link.measure(s)
	}
	began := time.Now()
	m.log.Info("session with LiveKit", "url", access.Server)
	m.serve(ctx, s, changed)
	m.filter.forget()
	m.newest = s.Token()
	s.Close()
	err = withFault(s.Err(), access.Token)
	if isElsewhere(err) {
		m.server++ // this one may be frozen
	}
	return max(1, time.Since(began)), err
}

// access is where to join and with what. A token that the server renewed is good
// while no other is to be had.
func (m *membership) access(ctx context.Context) (Access, error) {
	a, err := m.link.cfg.Access(ctx, m.channel)
	if err != nil {
		if m.newest == "" || time.Now().After(room.Expiry(m.newest)) {
			return Access{}, err
		}
		m.log.Warn("no new token; the one that LiveKit renewed is used", "err", err)
		a = Access{Token: m.newest}
	}
	servers := m.link.cfg.Servers
	switch {
	case len(m.hints) > 0:
		a.Server, m.hints = m.hints[0], m.hints[1:]
	case a.Server == "" || m.server%len(servers) > 0:
		a.Server = servers[m.server%len(servers)]
	}
	return a, nil
}

// serve lets a session be used until it ends or ctx does. The link is down while
// the server lets the port listen only.
func (m *membership) serve(ctx context.Context, s *room.Session, changed <-chan struct{}) {
	up, notified := false, false
	set := func(now bool, why error) {
		switch {
		case m.events == nil || (notified && now == up):
		case now:
			m.link.session.Store(s)
			m.events.LinkUp()
		default:
			m.link.session.Store(nil)
			m.events.LinkDown(withFault(why, ""))
		}
		up, notified = now, true
	}
	for {
		set(s.MayPublish(), errBarred)
		select {
		case <-changed:
		case <-s.Done():
			set(false, s.Err())
			return
		case <-ctx.Done():
			set(false, context.Cause(ctx))
			return
		}
	}
}

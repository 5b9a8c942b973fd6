// Package devices is a hub's side of enrollment: it takes boards in that know a code, gives
// access tokens to those that are enrolled, and tells at once when one is revoked.
package devices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-chi/httprate"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/state/redis/devices"
)

const (
	// DefaultLife is how long an access token is good for.
	DefaultLife = 10 * time.Minute
	// viewLife is how long the list of devices counts that cannot be read any more.
	viewLife = 30 * time.Second
	// lateSessions is for how long sessions of a revoked device are looked for.
	lateSessions = time.Minute
	// announceEvery is how often a hub says that it runs, announcedFor how long that counts.
	announceEvery, announcedFor = 20 * time.Second, time.Minute
	// What one address may ask for in a minute, of joins and of tokens.
	joinsPerMinute, tokensPerMinute = 60, 120
	// stateTime bounds what is asked of Redis for one request.
	stateTime = 3 * time.Second
)

// Site is what a board is told of its site, beside what its invitation says.
type Site struct {
	// HubURL is how boards reach the hub; empty is as the one that joins does. HubCA are
	// the PEM certificates that they trust for it; empty is the system's.
	HubURL, HubCA string
	// RedisURL is how boards reach Redis. Where its host is loopback, it is the hub's.
	RedisURL, RedisCA string
	// FleetKey is the public key of those who may configure boards; empty is nobody's.
	FleetKey string
}

// Config is what a Server is made of. All but Life, Revoked and Logger are required.
type Config struct {
	Store *devices.Store
	// Secret proves that a challenge is the hub's: 32 random bytes or more, shared by the
	// hubs of a site.
	Secret []byte
	// Sign makes the access token of a device, good for a while.
	Sign func(d devices.Device, life time.Duration) (string, error)
	Site Site
	// Life is that of access tokens; zero is DefaultLife.
	Life time.Duration
	// Revoked is told of a user whose device was revoked or replaced.
	Revoked func(userID string)
	Logger  *slog.Logger
}

// Server answers boards.
type Server struct {
	cfg    Config
	log    *slog.Logger
	joins  *joins
	limits struct{ joins, tokens *httprate.RateLimiter }

	mu   sync.Mutex
	view map[string]devices.Device
	read time.Time // when view was; zero is never
}

// New returns a Server. Run must follow.
func New(cfg Config) *Server {
	if cfg.Life == 0 {
		cfg.Life = DefaultLife
	}
	if cfg.Revoked == nil {
		cfg.Revoked = func(string) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Logger, joins: newJoins()}
	tooMany := httprate.WithLimitHandler(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusTooManyRequests, "too many requests from this address: wait a minute")
	})
	s.limits.joins = httprate.NewRateLimiter(joinsPerMinute, time.Minute, tooMany)
	s.limits.tokens = httprate.NewRateLimiter(tokensPerMinute, time.Minute, tooMany)
	return s
}

// Run follows the registry, and makes Redis users that Redis has lost, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var announced time.Time
	var said string
	s.cfg.Store.Watch(ctx, func(all []devices.Device, err error) {
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.onDevices(all)
			err = s.cfg.Store.Reconcile(ctx, all)
		}
		if now := time.Now(); err == nil && now.Sub(announced) >= announceEvery {
			if err = s.cfg.Store.PutHub(ctx, devices.Hub{URL: s.cfg.Site.HubURL}, announcedFor); err == nil {
				announced = now
			}
		}
		if text := fmt.Sprint(err); err != nil && text != said && ctx.Err() == nil {
			s.log.Error("the registry of devices is not kept up", "err", err)
			said = text
		}
		if err == nil {
			said = ""
		}
	})
}

// onDevices receives the list of devices and reports those that were there with another key, or
// not revoked.
func (s *Server) onDevices(all []devices.Device) {
	view := make(map[string]devices.Device, len(all))
	for _, d := range all {
		view[d.UserID] = d
	}
	s.mu.Lock()
	before := s.view
	s.view, s.read = view, time.Now()
	s.mu.Unlock()
	for user, old := range before {
		now, ok := view[user]
		if !old.Revoked() && (!ok || now.Revoked() || now.KeyID != old.KeyID) {
			s.log.Warn("device revoked", "user", user, "by", now.RevokedBy)
			s.cfg.Revoked(user)
		}
	}
	// A session may have been on its way in while its device was revoked.
	for user, d := range view {
		if old, ok := before[user]; ok && old.Revoked() && d.Revoked() && time.Since(d.RevokedAt) < lateSessions {
			s.cfg.Revoked(user)
		}
	}
}

// ErrView says that nobody knows whether a device is enrolled.
var ErrView = errors.New("whether this device is still enrolled cannot be looked up, as Redis does not answer: try again")

// Check says why an access token of a device is not good any more.
func (s *Server) Check(userID, keyID string) error {
	s.mu.Lock()
	d, ok := s.view[userID]
	fresh := time.Since(s.read) < viewLife
	s.mu.Unlock()
	if ok && fresh && !d.Revoked() && d.KeyID == keyID {
		return nil
	}
	// A device that has just been enrolled is not in the list yet.
	ctx, cancel := context.WithTimeout(context.Background(), stateTime)
	defer cancel()
	d, err := s.cfg.Store.Device(ctx, userID)
	switch {
	case errors.Is(err, devices.ErrNoDevice):
		return fmt.Errorf("device %s is not enrolled here: ask for an invitation ('talkgate invite' on the hub) and join", userID)
	case err != nil:
		return ErrView
	case d.Revoked():
		return revoked(d)
	case d.KeyID != keyID:
		return fmt.Errorf("device %s was replaced by another board: ask for an invitation and join anew", userID)
	}
	return nil
}

func revoked(d devices.Device) error {
	return fmt.Errorf("device %s was revoked by %s on %s: ask for an invitation and join anew", d.UserID, d.RevokedBy, d.RevokedAt.Format(time.DateOnly))
}

// redisURL is how a board that reaches the hub by hub reaches Redis.
func (s Site) redisURL(hub string) string {
	u, err := url.Parse(s.RedisURL)
	if err != nil {
		return s.RedisURL
	}
	at, err := url.Parse(hub)
	if ip := net.ParseIP(u.Hostname()); err != nil || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return s.RedisURL
	}
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	u.Host = net.JoinHostPort(at.Hostname(), port)
	return u.String()
}

// receive reads a request of at most enroll.MaxMessage.
func receive(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, enroll.MaxMessage)).Decode(v); err != nil {
		fail(w, http.StatusBadRequest, "the request cannot be read: is it of a talkgate of this version?")
		return false
	}
	return true
}

func fail(w http.ResponseWriter, status int, text string) {
	send(w, status, enroll.Failure{Error: text})
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who has gone does not hear it
}

// clientIP is the address of a request, an IPv6 one reduced to its network.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return httprate.CanonicalizeIP(host)
}

package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/talkgate/talkgate/gateway/hub"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// Config says where a site is to be.
type Config struct {
	// Listen is the hub's "host:port".
	Listen string
	// RedisURL is a Redis to use; empty starts one in this process.
	RedisURL string
	// Logger takes what the parts log.
	Logger *slog.Logger
}

// Site is a hub, its Redis and some virtual radios in one process.
type Site struct {
	cfg      Config
	secret   []byte
	embedded *embedded // nil with a Redis from outside
	redisURL string
	state    *redis.Client
	media    *icelite.Server
	hub      *hub.Hub
	listener net.Listener
	stations []*station
	members  []member
	beside   []func(context.Context) error // what else runs with them
	guests   atomic.Int64
	closers  []func() error
}

// member is somebody on a channel while the site runs.
type member struct {
	userID, channel string
	run             func(ctx context.Context) error
}

// newSite opens all that can be in the way: the address, the Redis URL.
func newSite(cfg Config) (*Site, error) {
	s := &Site{cfg: cfg, secret: make([]byte, 32), redisURL: cfg.RedisURL}
	rand.Read(s.secret)
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Site) open() error {
	var err error
	if s.listener, err = net.Listen("tcp", s.cfg.Listen); err != nil {
		return fmt.Errorf("the hub's address is in use or not this machine's; choose another with --listen: %w", err)
	}
	s.later(func() error {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if s.redisURL == "" {
		if s.embedded, err = startEmbedded(); err != nil {
			return err
		}
		s.later(s.embedded.Close)
		s.redisURL = s.embedded.URL()
	}
	if s.state, err = s.openState("hub"); err != nil {
		return err
	}
	if s.media, err = icelite.NewServer(icelite.Config{Logger: s.log("hub")}); err != nil {
		return err
	}
	s.later(s.media.Close)
	s.hub, err = hub.New(hub.Config{Secret: s.secret, State: s.state, Media: s.media, Logger: s.log("hub")})
	return err
}

func (s *Site) openState(whose string) (*redis.Client, error) {
	state, err := redis.Open(conn.Config{URL: s.redisURL, Logger: s.log(whose)})
	if err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	s.later(state.Close)
	return state, nil
}

func (s *Site) openEngine(whose string) (*rtc.Engine, error) {
	engine, err := rtc.NewEngine(rtc.Config{Logger: s.log(whose)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", whose, err)
	}
	return engine, nil
}

// log is the logger of one part.
func (s *Site) log(part string) *slog.Logger { return s.cfg.Logger.With("part", part) }

// URL is where the hub is.
func (s *Site) URL() string { return "http://" + s.listener.Addr().String() }

// grace is how long a request, or Redis, may take when the site ends.
const grace = 500 * time.Millisecond

// Run is on air until ctx ends. The members go first, so that they hand back what
// they hold; then the hub; then the rights that were given.
func (s *Site) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.state.Ping(ctx); err != nil {
		return fmt.Errorf("start a Redis at the address given with --redis, or leave that out: %w", err)
	}
	defer s.takeBack(context.WithoutCancel(ctx))
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHub()
	served, ctx := errgroup.WithContext(ctx)
	served.Go(func() error { return s.hub.Run(hubCtx) })
	served.Go(func() error { return s.serve(hubCtx) })
	members, memberCtx := errgroup.WithContext(ctx)
	for _, m := range s.members {
		if err := s.admit(ctx, m.userID, m.channel); err != nil {
			return err
		}
		members.Go(func() error { return m.run(memberCtx) })
	}
	for _, run := range s.beside {
		members.Go(func() error { return run(memberCtx) })
	}
	if err = members.Wait(); err == nil {
		<-ctx.Done()
	}
	stopHub()
	return errors.Join(err, served.Wait())
}

// serve answers HTTP until ctx ends.
func (s *Site) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/", s.hub.Handler())
	mux.Handle("/demo/", (&api{visit: s.visit, stations: s.stations, log: s.log("demo")}).handler())
	srv := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log("http").Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if srv.Shutdown(bye) != nil {
			_ = srv.Close() // whoever still asks has had its time
		}
	})
	if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve %s: %w", s.URL(), err)
	}
	<-stopped
	return nil
}

// admit gives somebody the right to talk on a channel.
func (s *Site) admit(ctx context.Context, userID, channel string) error {
	_, err := s.state.GrantRights(ctx, userID, channel)
	return err
}

// takeBack undoes in somebody else's Redis what was written there.
func (s *Site) takeBack(ctx context.Context) {
	if s.embedded != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	members := slices.Clone(s.members)
	for n := range s.guests.Load() {
		members = append(members, member{userID: guestID(n + 1), channel: Channel})
	}
	for _, m := range members {
		if _, err := s.state.RevokeRights(ctx, m.userID, m.channel); err != nil {
			s.log("demo").Warn("talk rights stay in Redis", "user", m.userID, "err", err)
		}
	}
}

// later has something closed with the site.
func (s *Site) later(closing func() error) { s.closers = append(s.closers, closing) }

// close closes what was opened, the latest first. Only the first call does.
func (s *Site) close() error {
	var errs []error
	for _, closing := range slices.Backward(s.closers) {
		errs = append(errs, closing())
	}
	s.closers = nil
	return errors.Join(errs...)
}

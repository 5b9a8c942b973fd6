package conn

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// pingEvery and silentAfter bound how long a dead subscription goes unseen.
	pingEvery   = time.Second
	silentAfter = 3 * time.Second
)

var errSilent = errors.New("subscription went silent")

// pubsub is the part of go-redis's PubSub that a subscriber needs.
type pubsub interface {
	Subscribe(ctx context.Context, channels ...string) error
	Unsubscribe(ctx context.Context, channels ...string) error
	Ping(ctx context.Context, payload ...string) error
	Receive(ctx context.Context) (any, error)
	Close() error
}

// subscriber is the one connection on which a client listens. Topics are
// counted: the first feed of a topic subscribes, the last one unsubscribes.
type subscriber struct {
	open func(ctx context.Context) pubsub
	log  *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}

	mu     sync.Mutex
	runs   bool
	conn   pubsub // nil while there is none
	topics map[string]*topic
	status Subscription
}

// Subscription is the state of the connection on which a client listens.
type Subscription struct {
	// Connected says that every topic is subscribed. A client that was never
	// asked to watch anything has no connection and says false.
	Connected bool
	// Since is when that last changed.
	Since time.Time
	// Err is why the connection was last lost; nil before the first loss.
	Err error
}

func newSubscriber(open func(ctx context.Context) pubsub, log *slog.Logger) *subscriber {
	ctx, cancel := context.WithCancel(context.Background())
	return &subscriber{open: open, log: log, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1), topics: map[string]*topic{}}
}

// close ends the connection and waits for what serves it.
func (s *subscriber) close() {
	s.cancel()
	s.done.Wait()
}

// state reports how the connection stands.
func (s *subscriber) state() Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *subscriber) run() {
	failures := 0
	for s.waitTopics() {
		err := s.session(func() { failures = 0 })
		if s.ctx.Err() != nil {
			return
		}
		delay := Spread(Backoff(failures))
		failures++
		s.log.Warn("subscription lost", "err", err, "retry_in", delay)
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Backoff is how long to wait before the connection that follows this many
// failures in a row: 1, 2, 4, 8, 16, 30, 30 … s.
func Backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 5), 30*time.Second)
}

// Spread is d and up to half as much again: clients that lost Redis
// together do not come back together.
func Spread(d time.Duration) time.Duration { return d + rand.N(d/2+1) }

// waitTopics waits until there is something to subscribe to.
func (s *subscriber) waitTopics() bool {
	for {
		s.mu.Lock()
		n := len(s.topics)
		s.mu.Unlock()
		if n > 0 {
			return s.ctx.Err() == nil
		}
		select {
		case <-s.wake:
		case <-s.ctx.Done():
			return false
		}
	}
}

func (s *subscriber) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// session is one connection from its first subscription to its end.
func (s *subscriber) session(ready func()) error {
	ctx, cancel := context.WithCancel(s.ctx)
	conn := s.open(ctx)
	watch := &watchdog{conn: conn}
	watch.heard()
	defer watch.wait()
	defer cancel()
	defer conn.Close()

	s.mu.Lock()
	names := make([]string, 0, len(s.topics))
	for name := range s.topics {
		names = append(names, name)
	}
	s.mu.Unlock()
	if err := conn.Subscribe(ctx, names...); err != nil {
		s.down(err)
		return err
	}
	s.attach(conn, names)
	watch.start(ctx)
	for {
		msg, err := conn.Receive(withoutDial(ctx))
		if err != nil {
			if watch.expired() {
				err = errSilent
			}
			s.down(err)
			return err
		}
		watch.heard()
		switch m := msg.(type) {
		case *goredis.Subscription:
			if m.Kind == "subscribe" && s.confirm(m.Channel) {
				ready()
			}
		case *goredis.Message:
			s.deliver(m.Channel, m.Payload)
		}
	}
}

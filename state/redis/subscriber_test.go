package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

var errRefused = errors.New("refused")

// fakeServer answers subscriptions until it is told not to.
type fakeServer struct {
	mu    sync.Mutex
	up    bool
	mute  bool // takes everything and answers nothing
	dials []time.Time
	conns []*fakeConn
}

type fakeConn struct {
	server *fakeServer
	msgs   chan any
	once   sync.Once
	closed chan struct{}
}

func (s *fakeServer) open(context.Context) pubsub {
	c := &fakeConn{server: s, msgs: make(chan any, 100), closed: make(chan struct{})}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	return c
}

func (s *fakeServer) set(up, mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up, s.mute = up, mute
	if !up {
		for _, c := range s.conns {
			c.Close()
		}
	}
}

func (s *fakeServer) dialled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dials)
}

func (c *fakeConn) answer(v any) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if !c.server.up {
		return errRefused
	}
	if !c.server.mute {
		c.msgs <- v
	}
	return nil
}

func (c *fakeConn) Subscribe(ctx context.Context, names ...string) error {
	if ctx.Value(withoutDialKey{}) == nil {
		c.server.mu.Lock()
		c.server.dials = append(c.server.dials, time.Now())
		c.server.mu.Unlock()
	}
	for _, name := range names {
		if err := c.answer(&goredis.Subscription{Kind: "subscribe", Channel: name}); err != nil {
			return err
		}
	}
	return nil
}

func (c *fakeConn) Unsubscribe(context.Context, ...string) error { return nil }

func (c *fakeConn) Ping(context.Context, ...string) error { return c.answer(&goredis.Pong{}) }

func (c *fakeConn) Receive(context.Context) (any, error) {
	select {
	case m := <-c.msgs:
		return m, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *fakeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func gaps(times []time.Time) (seconds []float64) {
	for i := 1; i < len(times); i++ {
		seconds = append(seconds, times[i].Sub(times[i-1]).Seconds())
	}
	return seconds
}

// backsOff wants dials so many seconds apart and up to half as much more, each by
// another chance.
func backsOff(t *testing.T, dials []time.Time, want ...float64) {
	t.Helper()
	got, exact := gaps(dials), 0
	for i, least := range want {
		if i == len(got) || got[i] < least || got[i] > 1.5*least {
			t.Fatalf("dialled after %v s, expected %v and up to half as much again", got, want)
		}
		if got[i] == least {
			exact++
		}
	}
	if exact > 1 {
		t.Errorf("dialled after %v s: many would come back in one instant", got)
	}
}

func TestReconnectionBacksOffAndStartsOverOnceReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{}
		s := newSubscriber(server.open, slog.New(slog.DiscardHandler))
		defer s.close()
		f := newFeed("a", "b")
		if err := s.join(f); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		backsOff(t, server.dialled(), 1, 2, 4, 8, 16, 30, 30)
		if st := s.state(); st.Connected || !errors.Is(st.Err, errRefused) {
			t.Errorf("status %+v", st)
		}
		server.set(true, false)
		time.Sleep(time.Minute)
		if st := s.state(); !st.Connected {
			t.Errorf("status %+v", st)
		}
		before := len(server.dialled())
		down := time.Now()
		server.set(false, false)
		time.Sleep(20 * time.Second)
		dials := append([]time.Time{down}, server.dialled()[before:]...)
		backsOff(t, dials, 1, 2, 4)
		var fresh, lost int
		for _, n := range f.take() {
			if n.fresh {
				fresh++
			}
			if n.down != nil {
				lost++
			}
		}
		if fails := len(server.dialled()); fresh != 1 || lost != fails {
			t.Errorf("told %d times fresh, %d times down, expected 1 and %d", fresh, lost, fails)
		}
	})
}

func TestSilentSubscriptionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fakeServer{up: true}
		s := newSubscriber(server.open, slog.New(slog.DiscardHandler))
		defer s.close()
		if err := s.join(newFeed("a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(server.dialled()); n != 1 {
			t.Fatalf("an idle connection was dialled %d times", n)
		}
		server.set(true, true)
		time.Sleep(silentAfter + 2*pingEvery)
		if st := s.state(); st.Connected || !errors.Is(st.Err, errSilent) {
			t.Errorf("status %+v, expected silence to be noticed", st)
		}
	})
}

func TestOverflowAsksForAFreshRead(t *testing.T) {
	f := newFeed("a")
	for i := range feedLimit + 10 {
		f.put(note{topic: "a", payload: fmt.Sprint(i)})
	}
	notes := f.take()
	if len(notes) != 11 || !notes[0].fresh || notes[10].payload != fmt.Sprint(feedLimit+9) {
		t.Errorf("%d notes, first %+v", len(notes), notes[0])
	}
}

func TestSubscriptionsAreCounted(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := testContext(t), open(t, s.URL), s.Client()
	subscribers := func() int64 { return rdb.PubSubNumSub(ctx, keyEvents("m1")).Val()[keyEvents("m1")] }
	watch := func() (views chan FloorView, stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		views, ended := make(chan FloorView, 100), make(chan error)
		go func() { ended <- c.WatchChannel(ctx, "m1", func(v FloorView) { views <- v }) }()
		return views, func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	one, stopOne := watch()
	two, stopTwo := watch()
	until(t, "one subscription for two watches", func() bool { return subscribers() == 1 })
	stopOne()
	if n := subscribers(); n != 1 {
		t.Errorf("%d subscriptions while one watch is left", n)
	}
	for len(one) > 0 {
		<-one
	}
	member(t, rdb, "u1", "m1")
	must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
	await(t, two, "the talker", func(v FloorView) bool { return v.Holder != nil })
	if len(one) != 0 {
		t.Error("an ended watch was told")
	}
	stopTwo()
	until(t, "no subscription", func() bool { return subscribers() == 0 })
	three, stopThree := watch()
	defer stopThree()
	await(t, three, "the talker", func(v FloorView) bool { return v.Holder != nil })
}

// What is changed while nobody listens is found by the reading that follows the
// next subscription.
func TestFreshReadAfterResubscription(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := testContext(t), open(t, s.URL), s.Client()
	member(t, rdb, "u1", "m1")
	rights := watchRights(t, c, "u1")
	views := watchFloor(t, c, "m1")
	await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	await(t, views, "an idle floor", func(v FloorView) bool { return v.Known })
	until(t, "a subscription", func() bool { return c.Subscription().Connected })

	killed := rdb.ClientKillByFilter(ctx, "TYPE", "pubsub").Val()
	rdb.Del(ctx, keyRights("u1"))
	rdb.Set(ctx, keyLock("m1"), "{}", 0)
	if killed != 1 {
		t.Errorf("%d subscriber connections, expected a single dedicated one", killed)
	}
	await(t, rights, "no rights", func(r Rights) bool { return r.Known && !r.MayTalk("m1") })
	await(t, views, "a taken floor", func(v FloorView) bool { return v.Holder != nil })
	if st := c.Subscription(); !st.Connected || st.Err == nil {
		t.Errorf("status %+v, expected a connection and the reason of its last loss", st)
	}
}

func TestClosedClient(t *testing.T) {
	c := open(t, "redis://127.0.0.1:1")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.WatchRights(context.Background(), "u1", func(Rights) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("watching with a closed client: %v", err)
	}
	if _, err := c.Acquire(context.Background(), claim("m1", "u1")); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("asking with a closed client: %v", err)
	}
}

// go-redis would redial at once; when to redial is the subscriber's to say.
func TestNobodyRedialsBeforeTheBackoff(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := testContext(t), open(t, s.URL), s.Client()
	watchRights(t, c, "u1")
	until(t, "a subscription", func() bool { return c.Subscription().Connected })
	killed := time.Now()
	if n := rdb.ClientKillByFilter(ctx, "TYPE", "pubsub").Val(); n != 1 {
		t.Fatalf("%d connections killed", n)
	}
	until(t, "a new subscription", func() bool { return rdb.Do(ctx, "CLIENT", "LIST", "TYPE", "pubsub").Val() != "" })
	if after := time.Since(killed); after < backoff(0) {
		t.Errorf("redialled after %v, expected no less than %v", after, backoff(0))
	}
}

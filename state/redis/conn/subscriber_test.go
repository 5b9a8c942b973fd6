package conn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"
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
		f, err := s.listen("a", "b")
		if err != nil {
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
		for _, n := range f.Notes() {
			if n.Fresh {
				fresh++
			}
			if n.Down != nil {
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
		if _, err := s.listen("a"); err != nil {
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
	f := &Feed{topics: []string{"a"}, wake: make(chan struct{}, 1)}
	for i := range FeedLimit + 10 {
		f.put(Note{Topic: "a", Payload: fmt.Sprint(i)})
	}
	notes := f.Notes()
	if len(notes) != 11 || !notes[0].Fresh || notes[10].Payload != fmt.Sprint(FeedLimit+9) {
		t.Errorf("%d notes, first %+v", len(notes), notes[0])
	}
}

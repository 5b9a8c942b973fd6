package redis

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/talkgate/talkgate/state/redis/conn"
)

// bubble is a Redis inside a synctest bubble: its clock and the network between
// are the bubble's.
type bubble struct {
	t     *testing.T
	redis *miniredis.Miniredis
	// wrap may replace the client's end of each new connection.
	wrap func(net.Conn) (net.Conn, error)
	// dial may replace how connections are made.
	dial func(ctx context.Context) (net.Conn, error)
}

func inBubble(t *testing.T, test func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		defer m.Close()
		test(&bubble{t: t, redis: m})
	})
}

// open returns a client and what ends it; a bubble is left with nothing running.
func (b *bubble) open() (c *Client, end func()) {
	b.t.Helper()
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if b.dial != nil {
			return b.dial(ctx)
		}
		pipe, err := b.redis.Dial()
		if err != nil {
			return nil, err
		}
		buffered := buffer(pipe)
		if b.wrap == nil {
			return buffered, nil
		}
		return b.wrap(buffered)
	}
	c, err := Open(conn.Config{URL: "redis://bubble:6379", Dial: dial})
	if err != nil {
		b.t.Fatal(err)
	}
	return c, func() {
		if err := c.Close(); err != nil {
			b.t.Error(err)
		}
		// go-redis looks once a second whether it may stop dialing, and a dial lasts.
		time.Sleep(time.Second + 3*conn.DialTimeout)
	}
}

// heard are the rights a watch was told, in order.
type heard struct {
	mu  sync.Mutex
	all []Rights
}

// list is all so far, once the bubble has come to rest.
func (h *heard) list() []Rights {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

func (h *heard) last() Rights {
	all := h.list()
	return all[len(all)-1]
}

// hear watches a user's rights until stop.
func hear(c *Client, user string) (h *heard, stop func()) {
	h = &heard{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.WatchRights(ctx, user, func(r Rights) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.all = append(h.all, r)
		})
	}()
	return h, func() {
		cancel()
		<-done
	}
}

func TestHeartbeatFindsWhatNobodyPublished(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		b.redis.SetAdd(keyRights("u1"), "m1")
		h, stop := hear(c, "u1")
		defer stop()
		time.Sleep(10 * time.Second)
		if !h.last().MayTalk("m1") {
			t.Fatalf("%+v", h.list())
		}
		before := len(h.list())
		b.redis.Del(keyRights("u1"))
		time.Sleep(conn.Heartbeat)
		if got := h.list(); len(got) != before+1 || got[before].MayTalk("m1") {
			t.Errorf("after a heartbeat: %+v", got[before:])
		}
	})
}

// A withdrawal that is published while the stored set cannot be read counts at
// once, and still counts when it can be read again.
func TestPushCountsThoughTheSetCannotBeRead(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		b.redis.SetAdd(keyRights("u1"), "m1", "m2")
		h, stop := hear(c, "u1")
		defer stop()
		if !h.last().MayTalk("m1") {
			t.Fatalf("%+v", h.list())
		}
		b.redis.Del(keyRights("u1"))
		if err := b.redis.Set(keyRights("u1"), "not a set"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(conn.Heartbeat + time.Second)
		if h.last().Known {
			t.Fatalf("read though it is no set: %+v", h.list())
		}
		b.redis.Publish(MembershipUpdates, `{"eventId":"e","userId":"u1","channelIds":["m2"],"action":"set_user_channels"}`)
		synctest.Wait()
		pushed := false
		for _, r := range h.list() {
			pushed = pushed || r.Known && r.Source == "push" && !r.MayTalk("m1") && r.MayTalk("m2")
		}
		if !pushed {
			t.Errorf("the withdrawal was not told: %+v", h.list())
		}
	})
}

// A press ends with its context, to the millisecond, whatever Redis does not do.
func TestContextBoundsAPressExactly(t *testing.T) {
	for name, dial := range map[string]func(ctx context.Context, b *bubble) (net.Conn, error){
		"nobody answers the dial": func(ctx context.Context, _ *bubble) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"nobody answers the greeting": func(context.Context, *bubble) (net.Conn, error) {
			near, _ := net.Pipe()
			return near, nil
		},
		"nobody answers the press": func(_ context.Context, b *bubble) (net.Conn, error) {
			conn, err := b.redis.Dial()
			w := &wire{breakAt: 12, blackhole: true} // after the greeting
			return &wireConn{Conn: conn, wire: w}, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				b.dial = func(ctx context.Context) (net.Conn, error) { return dial(ctx, b) }
				c, end := b.open()
				defer end()
				const patience = 120 * time.Millisecond
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				began := time.Now()
				if _, err := c.Acquire(ctx, claim("m1", "u1")); err == nil {
					t.Error("a press that nobody answered was answered")
				}
				if took := time.Since(began); took > patience {
					t.Errorf("a press of %v took %v", patience, took)
				}
			})
		})
	}
}

package redis

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// A client that closes waits for what it started, and not for a Redis that is
// gone.
func TestCloseIsSoonOverWithoutRedis(t *testing.T) {
	inBubble(t, func(b *bubble) {
		w := &wire{breakAt: -1, blackhole: true}
		b.wrap = w.wrap
		c, _ := b.open()
		b.redis.SetAdd(keyRights("u1"), "m1")
		k := newTalker(c, "m1", "u1")
		k.start()
		time.Sleep(100 * time.Millisecond)
		if d := k.press(context.Background()); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
		w.mu.Lock()
		w.broken = true
		w.mu.Unlock()
		began := time.Now()
		k.stop()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*conn.CommandTimeout+auditGrace {
			t.Errorf("closing took %v", took)
		}
		time.Sleep(5 * time.Second) // of go-redis's own look-outs
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	s := redistest.Start(t)
	old := goleak.IgnoreCurrent()
	c, err := Open(conn.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	k := newTalker(c, "m1", "u1")
	k.start()
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
	k.press(context.Background())
	k.stop()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, old)
}

package redis

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// bubble is a Redis inside a synctest bubble: its clock and the network between
// are the bubble's.
type bubble struct {
	t     *testing.T
	redis *miniredis.Miniredis
	// wrap may replace the client's end of each new connection.
	wrap func(net.Conn) (net.Conn, error)
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
	opt, err := (Config{URL: "redis://bubble:6379"}).options()
	if err != nil {
		b.t.Fatal(err)
	}
	opt.Dialer = refuseMarked(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := b.redis.Dial()
		if err != nil || b.wrap == nil {
			return conn, err
		}
		return b.wrap(conn)
	})
	c = newClient(Config{})
	opt.OnConnect = c.preload
	c.attach(goredis.NewClient(opt.Simple()))
	return c, func() {
		if err := c.Close(); err != nil {
			b.t.Error(err)
		}
		// go-redis looks once a second whether it may stop dialling.
		time.Sleep(2 * time.Second)
	}
}

func TestHeartbeatFindsWhatNobodyPublished(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		b.redis.SetAdd(keyRights("u1"), "m1")
		ctx, cancel := context.WithCancel(context.Background())
		var got []Rights
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.WatchRights(ctx, "u1", func(r Rights) { got = append(got, r) })
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(got) == 0 || !got[len(got)-1].MayTalk("m1") {
			t.Fatalf("%+v", got)
		}
		before := len(got)
		b.redis.Del(keyRights("u1"))
		time.Sleep(heartbeat)
		synctest.Wait()
		if len(got) != before+1 || got[before].MayTalk("m1") {
			t.Errorf("after a heartbeat: %+v", got[before:])
		}
		cancel()
		<-done
	})
}

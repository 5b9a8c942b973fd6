package redis

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestSubscriptionsAreCounted(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := redistest.Context(t), open(t, s.URL), s.Client()
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
	redistest.Until(t, "one subscription for two watches", func() bool { return subscribers() == 1 })
	stopOne()
	if n := subscribers(); n != 1 {
		t.Errorf("%d subscriptions while one watch is left", n)
	}
	for len(one) > 0 {
		<-one
	}
	member(t, rdb, "u1", "m1")
	redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u1")))
	redistest.Await(t, two, "the talker", func(v FloorView) bool { return v.Holder != nil })
	if len(one) != 0 {
		t.Error("an ended watch was told")
	}
	stopTwo()
	redistest.Until(t, "no subscription", func() bool { return subscribers() == 0 })
	three, stopThree := watch()
	defer stopThree()
	redistest.Await(t, three, "the talker", func(v FloorView) bool { return v.Holder != nil })
}

// What is changed while nobody listens is found by the reading that follows the
// next subscription.
func TestFreshReadAfterResubscription(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := redistest.Context(t), open(t, s.URL), s.Client()
	member(t, rdb, "u1", "m1")
	rights := watchRights(t, c, "u1")
	views := watchFloor(t, c, "m1")
	redistest.Await(t, rights, "the right to talk", func(r Rights) bool { return r.MayTalk("m1") })
	redistest.Await(t, views, "an idle floor", func(v FloorView) bool { return v.Known })
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })

	killed := rdb.ClientKillByFilter(ctx, "TYPE", "pubsub").Val()
	rdb.Del(ctx, keyRights("u1"))
	rdb.Set(ctx, keyLock("m1"), "{}", 0)
	if killed != 1 {
		t.Errorf("%d subscriber connections, expected a single dedicated one", killed)
	}
	redistest.Await(t, rights, "no rights", func(r Rights) bool { return r.Known && !r.MayTalk("m1") })
	redistest.Await(t, views, "a taken floor", func(v FloorView) bool { return v.Holder != nil })
	if st := c.Subscription(); !st.Connected || st.Err == nil {
		t.Errorf("status %+v, expected a connection and the reason of its last loss", st)
	}
}

func TestClosedClient(t *testing.T) {
	c := open(t, "redis://127.0.0.1:1")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.WatchRights(context.Background(), "u1", func(Rights) {}); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("watching with a closed client: %v", err)
	}
	if _, err := c.Acquire(context.Background(), claim("m1", "u1")); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("asking with a closed client: %v", err)
	}
}

// go-redis would redial at once; when to redial is the subscriber's to say.
func TestNobodyRedialsBeforeTheBackoff(t *testing.T) {
	s := redistest.Start(t)
	ctx, c, rdb := redistest.Context(t), open(t, s.URL), s.Client()
	watchRights(t, c, "u1")
	redistest.Until(t, "a subscription", func() bool { return c.Subscription().Connected })
	killed := time.Now()
	if n := rdb.ClientKillByFilter(ctx, "TYPE", "pubsub").Val(); n != 1 {
		t.Fatalf("%d connections killed", n)
	}
	redistest.Until(t, "a new subscription", func() bool { return rdb.Do(ctx, "CLIENT", "LIST", "TYPE", "pubsub").Val() != "" })
	if after := time.Since(killed); after < conn.Backoff(0) {
		t.Errorf("redialled after %v, expected no less than %v", after, conn.Backoff(0))
	}
}

package redis

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// ancestor is the algorithm of the servers in the field, step by step. between
// is called where another client's command can come in.
type ancestor struct {
	rdb     *goredis.Client
	between func()
}

type ancestorLock struct {
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	Timestamp int64  `json:"timestamp"`
}

const ancestorTTL = 30 * time.Second

func (a ancestor) pause() {
	if a.between != nil {
		a.between()
	}
}

func (a ancestor) acquire(ctx context.Context, channel, user string) (granted bool, holder string) {
	b, _ := json.Marshal(ancestorLock{user, "Name " + user, time.Now().UnixMilli()})
	if ok, _ := a.rdb.SetNX(ctx, keyLock(channel), b, ancestorTTL).Result(); ok {
		return true, user
	}
	a.pause()
	return false, parseHolder(a.rdb.Get(ctx, keyLock(channel)).Val()).UserID
}

func (a ancestor) release(ctx context.Context, channel, user string) {
	if parseHolder(a.rdb.Get(ctx, keyLock(channel)).Val()).UserID != user {
		return
	}
	a.pause()
	a.rdb.Del(ctx, keyLock(channel))
}

// The ancestor looks whose the lock is and then deletes whatever is there.
func TestAncestorDeletesItsSuccessorsLock(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, rdb, c := redistest.Context(t), redistest.Raw(t, url), open(t, url)
		slow, quick := ancestor{rdb: rdb}, ancestor{rdb: rdb}
		slow.between = func() { // its lock runs out, and another presses
			rdb.Del(ctx, keyLock("m1"))
			if ok, _ := quick.acquire(ctx, "m1", "u2"); !ok {
				t.Fatal("the successor was not granted")
			}
		}
		slow.acquire(ctx, "m1", "u1")
		slow.release(ctx, "m1", "u1")
		if n := rdb.Exists(ctx, keyLock("m1")).Val(); n != 0 {
			t.Error("the ancestor's release left the successor's lock: this test has lost its point")
		}
		if ok, _ := quick.acquire(ctx, "m1", "u3"); !ok {
			t.Error("no second talker was granted beside the successor: this test has lost its point")
		}

		// The same order of events, ours.
		rdb.Del(ctx, keyLock("m1"))
		member(t, rdb, "u1", "m1")
		member(t, rdb, "u2", "m1")
		one, two := claim("m1", "u1"), claim("m1", "u2")
		redistest.Must[Decision](t)(c.Acquire(ctx, one))
		rdb.Del(ctx, keyLock("m1"))
		redistest.Must[Decision](t)(c.Acquire(ctx, two))
		if redistest.Must[bool](t)(c.Release(ctx, one)) {
			t.Error("a stale owner released its successor's lock")
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, two)); st.State != Held {
			t.Errorf("the successor stands as %+v", st)
		}
	})
}

// The ancestor asks whether, and then for whom: between the two the lock may go.
func TestAncestorDeniesWithoutAHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, rdb, c := redistest.Context(t), redistest.Raw(t, url), open(t, url)
		a := ancestor{rdb: rdb}
		a.acquire(ctx, "m1", "u1")
		a.between = func() { rdb.Del(ctx, keyLock("m1")) }
		if ok, holder := a.acquire(ctx, "m1", "u2"); ok || holder != "" {
			t.Errorf("granted %v, holder %q: this test has lost its point", ok, holder)
		}

		// Ours has nothing between: the answer that says busy says who.
		member(t, rdb, "u1", "m1")
		for range 100 {
			one := claim("m1", "u1")
			redistest.Must[Decision](t)(c.Acquire(ctx, one))
			released := make(chan error, 1)
			go func() {
				_, err := c.Release(ctx, one)
				released <- err
			}()
			two := claim("m1", "u1")
			d := redistest.Must[Decision](t)(c.Acquire(ctx, two))
			if d.Verdict == Busy && d.Holder.Token != one.Token {
				t.Fatalf("denied without the holder: %+v", d)
			}
			if err := <-released; err != nil {
				t.Fatal(err)
			}
			redistest.Must[bool](t)(c.Release(ctx, two))
		}
	})
}

// Nobody renews the ancestor's lock: after 30 s two talk.
func TestAncestorGrantsTwiceInALongSpurt(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		ctx := context.Background()
		a := ancestor{rdb: c.conn.Redis.(*goredis.Client)}
		if ok, _ := a.acquire(ctx, "m1", "u1"); !ok {
			t.Fatal("not granted")
		}
		time.Sleep(ancestorTTL + time.Second)
		if ok, _ := a.acquire(ctx, "m1", "u2"); !ok {
			t.Error("the ancestor denied a second talker: this test has lost its point")
		}

		b.redis.FlushAll()
		b.redis.SetAdd(keyRights("u1"), "m1")
		b.redis.SetAdd(keyRights("u2"), "m1")
		one, two := newTalker(c, "m1", "u1"), newTalker(c, "m1", "u2")
		for _, k := range []*talker{one, two} {
			k.start()
			defer k.stop()
		}
		one.press(ctx)
		for range 10 {
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if d := two.press(ctx); d.Verdict != Busy || d.Holder.UserID != "u1" {
				t.Errorf("in a long spurt: %+v", d)
			}
			if open, _ := one.open(); !open {
				t.Fatal("a long spurt ended by itself")
			}
		}
	})
}

package redis

import (
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// serverLock writes a lock as a server does.
func serverLock(t *testing.T, rdb *goredis.Client, user string, age time.Duration) {
	t.Helper()
	value := fmt.Sprintf(`{"userId":%q,"userName":"Name","timestamp":%d}`, user, time.Now().Add(-age).UnixMilli())
	if err := rdb.Set(redistest.Context(t), keyLock("m1"), value, 30*time.Second).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestAdoptMakesAServersLockTheClaims(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		serverLock(t, rdb, "u1", 0)
		cl := claim("m1", "u1")
		for range 2 { // it may be repeated
			if d := redistest.Must[Decision](t)(c.Adopt(ctx, cl)); d.Verdict != Granted || d.Epoch == 0 {
				t.Fatalf("%+v", d)
			}
		}
		if ttl := rdb.PTTL(ctx, keyLock("m1")).Val(); ttl > cl.TTL {
			t.Errorf("the lock lives %v, want at most %v", ttl, cl.TTL)
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != Held {
			t.Errorf("%+v", st)
		}
		if v := redistest.Must[FloorView](t)(c.ReadFloor(ctx, "m1")); v.Holder == nil || v.Holder.Token != cl.Token || v.Holder.UserID != "u1" {
			t.Errorf("%+v", v)
		}
		if redistest.Must[bool](t)(c.Abandon(ctx, cl, 0)) {
			t.Error("abandoned a lock that has a token")
		}
		if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
			t.Error("not released")
		}
	})
}

func TestAdoptTakesNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		other := claim("m1", "u1")
		for _, tc := range []struct {
			name string
			lock func()
			want Verdict
		}{
			{"none", func() { rdb.Del(ctx, keyLock("m1")) }, Busy},
			{"another user's", func() { serverLock(t, rdb, "u2", 0) }, Busy},
			{"another port's", func() {
				rdb.Del(ctx, keyLock("m1"))
				redistest.Must[Decision](t)(c.Acquire(ctx, other))
			}, Busy},
			{"not JSON", func() { rdb.Set(ctx, keyLock("m1"), "x", time.Minute) }, Busy},
			{"no rights", func() { serverLock(t, rdb, "u1", 0); rdb.Del(ctx, keyRights("u1")) }, NoRights},
			{"banned", func() { ban(rdb, "u1", 1<<53-1) }, Banned},
		} {
			tc.lock()
			before := rdb.Get(ctx, keyLock("m1")).Val()
			if d := redistest.Must[Decision](t)(c.Adopt(ctx, claim("m1", "u1"))); d.Verdict != tc.want {
				t.Errorf("%s: %+v", tc.name, d)
			}
			if after := rdb.Get(ctx, keyLock("m1")).Val(); after != before {
				t.Errorf("%s: the lock was %q and is %q", tc.name, before, after)
			}
		}
	})
}

func TestAbandonTakesOnlyOldLocksOfItsUser(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		cl := claim("m1", "u1")
		for _, tc := range []struct {
			user string
			age  time.Duration
			want bool
		}{{"u1", 5 * time.Second, true}, {"u1", 0, false}, {"u2", 5 * time.Second, false}} {
			serverLock(t, rdb, tc.user, tc.age)
			if got := redistest.Must[bool](t)(c.Abandon(ctx, cl, 3*time.Second)); got != tc.want {
				t.Errorf("%+v: %v", tc, got)
			}
			if left := rdb.Exists(ctx, keyLock("m1")).Val() == 1; left == tc.want {
				t.Errorf("%+v: lock left %v", tc, left)
			}
		}
	})
}

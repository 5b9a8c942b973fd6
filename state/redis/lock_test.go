package redis

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestAcquireReleaseRenew(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		member(t, rdb, "u2", "m1")
		events := rdb.Subscribe(ctx, keyEvents("m1"))
		defer events.Close()
		redistest.Must[any](t)(events.Receive(ctx))

		one, two := claim("m1", "u1"), claim("m1", "u2")
		d := redistest.Must[Decision](t)(c.Acquire(ctx, one))
		if d.Verdict != Granted || d.Epoch == 0 || d.Preempted != nil {
			t.Fatalf("first press: %+v", d)
		}
		var lock map[string]any
		if err := json.Unmarshal([]byte(rdb.Get(ctx, keyLock("m1")).Val()), &lock); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]any{"userId": "u1", "userName": "Name u1", "token": one.Token,
			"timestamp": float64(one.At.UnixMilli()), "epoch": float64(d.Epoch)} {
			if lock[key] != want {
				t.Errorf("lock's %s is %v, expected %v", key, lock[key], want)
			}
		}
		if ttl := rdb.PTTL(ctx, keyLock("m1")).Val(); ttl <= 0 || ttl > one.TTL {
			t.Errorf("lock's TTL is %v", ttl)
		}
		busy := redistest.Must[Decision](t)(c.Acquire(ctx, two))
		if busy.Verdict != Busy || busy.Holder.UserID != "u1" || busy.Holder.Epoch != d.Epoch || busy.Holder.Token != one.Token {
			t.Fatalf("second press: %+v", busy)
		}
		if again := redistest.Must[Decision](t)(c.Acquire(ctx, one)); again.Verdict != Granted || again.Epoch != d.Epoch {
			t.Fatalf("repeated request: %+v", again)
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, one)); st.State != Held {
			t.Fatalf("renewal: %+v", st)
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, two)); st.State != Lost || st.Holder == nil || st.Holder.UserID != "u1" {
			t.Fatalf("renewal of another's: %+v", st)
		}
		if redistest.Must[bool](t)(c.Release(ctx, two)) {
			t.Fatal("released another's lock")
		}
		if !redistest.Must[bool](t)(c.Release(ctx, one)) {
			t.Fatal("own lock not released")
		}
		if redistest.Must[bool](t)(c.Release(ctx, one)) {
			t.Fatal("released twice")
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, one)); st.State != Lost || st.Holder != nil {
			t.Fatalf("renewal after release: %+v", st)
		}
		next := redistest.Must[Decision](t)(c.Acquire(ctx, two))
		if next.Verdict != Granted || next.Epoch <= d.Epoch {
			t.Fatalf("press after release: %+v", next)
		}
		for _, want := range []string{
			redistest.Must[string](t)(busyEvent("m1", "u1", "Name u1", one.At)),
			`{"channelId":"m1","currentSpeaker":null,"speakerName":null,"isBusy":false,"lockTimestamp":null}`,
			redistest.Must[string](t)(busyEvent("m1", "u2", "Name u2", two.At)),
		} {
			if m, err := events.ReceiveMessage(ctx); err != nil || m.Payload != want {
				t.Fatalf("event %v, %v, expected %s", m, err, want)
			}
		}
	})
}

func TestTwinsOfOneUser(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		one, twin := claim("m1", "u1"), claim("m1", "u1")
		redistest.Must[Decision](t)(c.Acquire(ctx, one))
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, twin)); d.Verdict != Busy {
			t.Fatalf("twin's press: %+v", d)
		}
		if redistest.Must[bool](t)(c.Release(ctx, twin)) {
			t.Fatal("a twin released its twin's lock")
		}
		if st := redistest.Must[Renewal](t)(c.Renew(ctx, twin)); st.State != Lost {
			t.Fatalf("a twin renewed its twin's lock: %+v", st)
		}
	})
}

func TestWithoutTheRight(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		cl := claim("m1", "u1")
		press := func(want Verdict) {
			t.Helper()
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != want {
				t.Fatalf("press: %+v, expected %v", d, want)
			}
			if want != Granted && rdb.Exists(ctx, keyLock("m1")).Val() != 0 {
				t.Fatal("a lock was taken all the same")
			}
		}
		press(NoRights)
		member(t, rdb, "u1", "m2")
		press(NoRights)
		member(t, rdb, "u1", "m1")
		ban(rdb, "u1", float64(time.Now().Add(time.Hour).UnixMilli()))
		press(Banned)
		ban(rdb, "u1", 1<<53-1)
		press(Banned)
		ban(rdb, "u1", float64(time.Now().Add(-time.Second).UnixMilli()))
		press(Granted)

		renew := func(want State) {
			t.Helper()
			if st := redistest.Must[Renewal](t)(c.Renew(ctx, cl)); st.State != want {
				t.Fatalf("renewal: %+v, expected %v", st, want)
			}
		}
		renew(Held)
		ban(rdb, "u1", 1<<53-1)
		renew(RevokedByBan)
		rdb.ZRem(ctx, keyBanned, "u1")
		renew(Held)
		rdb.HSet(ctx, keyBan("u1"), "userId", "u1")
		renew(RevokedByBan)
		rdb.Del(ctx, keyBan("u1"))
		rdb.SRem(ctx, keyRights("u1"), "m1")
		renew(Revoked)
		before := rdb.PTTL(ctx, keyLock("m1")).Val()
		if before > cl.TTL {
			t.Errorf("a refused renewal left a TTL of %v", before)
		}
		if !redistest.Must[bool](t)(c.Release(ctx, cl)) {
			t.Fatal("the revoked cannot give the floor back")
		}
	})
}

func TestForeignLocks(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		for _, value := range []string{"", "nonsense", "[]", `"u1"`, "17", "null", `{"userId":17}`, `{"userId":"u1"`} {
			rdb.Set(ctx, keyLock("m1"), value, 0)
			cl := claim("m1", "u1")
			cl.Role = RoleDispatch
			d := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
			if d.Verdict != Busy || d.Holder.UserID != "" {
				t.Errorf("lock %q: %+v", value, d)
			}
			if redistest.Must[bool](t)(c.Release(ctx, cl)) || rdb.Get(ctx, keyLock("m1")).Val() != value {
				t.Errorf("lock %q was released", value)
			}
			if v := redistest.Must[FloorView](t)(c.ReadFloor(ctx, "m1")); !v.Known || v.Holder == nil || v.TTL >= 0 {
				t.Errorf("lock %q read as %+v", value, v)
			}
		}
	})
}

func TestEpochGrowsWhenTheCounterIsLost(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		var last uint64
		for i, spoil := range []func(){
			func() {},
			func() {},
			func() { rdb.Del(ctx, keyEpoch("m1")); time.Sleep(2 * time.Millisecond) },
			func() { rdb.Set(ctx, keyEpoch("m1"), "nonsense", 0); time.Sleep(2 * time.Millisecond) },
			func() { rdb.Set(ctx, keyEpoch("m1"), "1e300", 0); time.Sleep(2 * time.Millisecond) },
			func() { rdb.Set(ctx, keyEpoch("m1"), last+3600_000, 0) }, // the clock stepped back an hour
		} {
			spoil()
			cl := claim("m1", "u1")
			d := redistest.Must[Decision](t)(c.Acquire(ctx, cl))
			if d.Epoch <= last {
				t.Fatalf("grant %d has epoch %d after %d", i, d.Epoch, last)
			}
			last = d.Epoch
			redistest.Must[bool](t)(c.Release(ctx, cl))
		}
	})
}

func TestBadClaims(t *testing.T) {
	c := open(t, "redis://127.0.0.1:1")
	good := claim("m1", "u1")
	for name, spoil := range map[string]func(*Claim){
		"channel": func(cl *Claim) { cl.Channel = "" },
		"user":    func(cl *Claim) { cl.UserID = "" },
		"token":   func(cl *Claim) { cl.Token = "" },
		"ttl":     func(cl *Claim) { cl.TTL = time.Microsecond },
	} {
		cl := good
		spoil(&cl)
		if _, err := c.Acquire(context.Background(), cl); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
}

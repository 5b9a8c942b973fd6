package redis

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// limited is a claim that has a talk budget.
func limited(channel, user string, limit, window time.Duration) Claim {
	cl := claim(channel, user)
	cl.Budget = Budget{Limit: limit, Window: window}
	return cl
}

// TestABudgetGoesWithTheUser: whoever has talked enough at one port is denied at another,
// on another channel and in the queue, and others are not. An emergency is never denied.
func TestABudgetGoesWithTheUser(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, one, two, rdb := redistest.Context(t), open(t, url), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "north", "gates", "yard")
		member(t, rdb, "south", "gates")
		const limit, window = time.Millisecond, 10 * time.Minute
		first := limited("gates", "north", limit, window)
		if d := redistest.Must[Decision](t)(one.Acquire(ctx, first)); d.Verdict != Granted || d.Left != limit {
			t.Fatalf("%+v", d)
		}
		redistest.Until(t, "a renewal to end it", func() bool {
			r := redistest.Must[Renewal](t)(one.Renew(ctx, first))
			return r.State == OverBudget && r.Wait > 0
		})
		redistest.Must[bool](t)(one.Release(ctx, first))
		for _, channel := range []string{"gates", "yard"} {
			for _, wait := range []time.Duration{0, time.Second} {
				cl := limited(channel, "north", limit, window)
				cl.Wait = wait
				d := redistest.Must[Decision](t)(two.Acquire(ctx, cl))
				if d.Verdict != Spent || d.Wait < window-time.Minute || d.Wait > window+window/8 {
					t.Errorf("on %s, queueing %v: %+v", channel, wait, d)
				}
			}
		}
		if n := redistest.Must[int64](t)(rdb.Exists(ctx, keyQueue("yard"), keyLock("yard")).Result()); n != 0 {
			t.Error("a denial leaves a place or a lock")
		}
		if ttl := redistest.Must[time.Duration](t)(rdb.PTTL(ctx, keyTalked("north")).Result()); ttl <= 0 || ttl > window+window/8 {
			t.Errorf("the account is kept for %v", ttl)
		}
		other := limited("gates", "south", limit, window)
		if d := redistest.Must[Decision](t)(two.Acquire(ctx, other)); d.Verdict != Granted {
			t.Errorf("another user: %+v", d)
		}
		redistest.Must[bool](t)(two.Release(ctx, other))
		alarm := limited("gates", "north", limit, window)
		alarm.Emergency, alarm.Role = true, RoleDispatch
		if d := redistest.Must[Decision](t)(two.Acquire(ctx, alarm)); d.Verdict != Granted {
			t.Errorf("an emergency: %+v", d)
		}
	})
}

// TestNoWindowHasMoreThanTheBudget lets a user with two ports talk as much as it may for
// hours of Redis's clock. No window has more talk in it than the budget, nobody is refused
// who has a part of the window to spare, the wait of a denial is neither too long nor too
// short, and the account stays small.
func TestNoWindowHasMoreThanTheBudget(t *testing.T) {
	const limit, window, part = 20 * time.Second, 80 * time.Second, 10 * time.Second
	server := miniredis.RunT(t)
	ports := []*Client{open(t, "redis://"+server.Addr()), open(t, "redis://"+server.Addr())}
	ctx, rdb := redistest.Context(t), redistest.Raw(t, "redis://"+server.Addr())
	member(t, rdb, "north", "gates", "yard")
	// over is how much more than was said is charged, of a port that was cut off.
	type span struct {
		from, until time.Time
		over        time.Duration
	}
	var talks []span
	within := func(from, until time.Time, charged bool) (d time.Duration) {
		for _, s := range talks {
			begin, end := s.from, s.until
			if begin.Before(from) {
				begin = from
			}
			if end.After(until) {
				end = until
			}
			d += max(0, end.Sub(begin))
			if charged && !s.until.Before(from) {
				d += s.over
			}
		}
		return d
	}
	rng, now, refused := rand.New(rand.NewPCG(7, 1)), time.UnixMilli(1_800_000_000_000), 0
	pass := func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
		server.FastForward(d)
	}
	pass(0)
	for range 400 {
		port, channel := rng.IntN(2), []string{"gates", "yard"}[rng.IntN(2)]
		cl := limited(channel, "north", limit, window)
		d := redistest.Must[Decision](t)(ports[port].Acquire(ctx, cl))
		switch d.Verdict {
		case Granted:
			from, renewed, hold := now, now, min(d.Left, time.Duration(1+rng.IntN(12_000))*time.Millisecond)
			for now.Sub(from)+time.Second < hold {
				pass(time.Second)
				if r := redistest.Must[Renewal](t)(ports[port].Renew(ctx, cl)); r.State != Held {
					t.Fatalf("after %v of %v: %+v", now.Sub(from), d.Left, r)
				}
				renewed = now
			}
			pass(hold - now.Sub(from))
			talks = append(talks, span{from: from, until: now})
			if rng.IntN(4) == 0 { // the port is cut off, and talks until its lock has run out
				last := &talks[len(talks)-1]
				last.until = from.Add(min(d.Left, renewed.Sub(from)+cl.TTL))
				last.over = cl.TTL
				pass(cl.TTL)
			} else {
				redistest.Must[bool](t)(ports[port].Release(ctx, cl))
			}
		case Spent:
			refused++
			if had := within(now.Add(-window-part), now, true); had < limit {
				t.Fatalf("refused with %v of %v talked", had, limit)
			}
			pass(d.Wait - time.Millisecond)
			if d := redistest.Must[Decision](t)(ports[1-port].Acquire(ctx, cl)); d.Verdict != Spent {
				t.Fatalf("before the wait is over: %+v", d)
			}
			pass(time.Millisecond)
			again := limited(channel, "north", limit, window)
			if d := redistest.Must[Decision](t)(ports[1-port].Acquire(ctx, again)); d.Verdict != Granted {
				t.Fatalf("after the wait: %+v", d)
			}
			redistest.Must[bool](t)(ports[1-port].Release(ctx, again))
		default:
			t.Fatalf("%+v", d)
		}
		if had := within(now.Add(-window), now, false); had > limit {
			t.Fatalf("%v of %v talked in a window", had, limit)
		}
		if n := redistest.Must[int64](t)(rdb.HLen(ctx, keyTalked("north")).Result()); n > 12 {
			t.Fatalf("the account has %d fields", n)
		}
		pass(time.Duration(rng.IntN(3000)) * time.Millisecond)
	}
	if refused < 20 || len(talks) < 50 {
		t.Fatalf("refused %d times after %d talk spurts: nothing was tried", refused, len(talks))
	}
}

// TestAClockSetBackForgets: an account from the future does not silence its user for good.
func TestAClockSetBackForgets(t *testing.T) {
	server := miniredis.RunT(t)
	c, rdb := open(t, "redis://"+server.Addr()), redistest.Raw(t, "redis://"+server.Addr())
	member(t, rdb, "north", "gates")
	ctx, now := redistest.Context(t), time.UnixMilli(1_800_000_000_000)
	server.SetTime(now)
	cl := limited("gates", "north", time.Second, time.Minute)
	redistest.Must[Decision](t)(c.Acquire(ctx, cl))
	server.SetTime(now.Add(2 * time.Second))
	redistest.Must[bool](t)(c.Release(ctx, cl))
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, limited("gates", "north", time.Second, time.Minute))); d.Verdict != Spent {
		t.Fatalf("%+v", d)
	}
	server.SetTime(now.Add(-time.Hour))
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, limited("gates", "north", time.Second, time.Minute))); d.Verdict != Granted {
		t.Fatalf("%+v", d)
	}
}

// TestAnAccountNobodyCanRead: whatever is in it, a press is answered.
func TestAnAccountNobodyCanRead(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "north", "gates")
		rdb.HSet(ctx, keyTalked("north"), "s:1:x", "1", "s::", "", "t:", "", "t:a", "9:9:9", "s:99999999999999:5", "-7", "x", "1:2")
		cl := limited("gates", "north", time.Minute, time.Hour)
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Granted {
			t.Errorf("%+v", d)
		}
		redistest.Must[bool](t)(c.Release(ctx, cl))
	})
}

// TestWhatABudgetNeedsIsRehearsed takes each right to the account out of a port's rule:
// the rehearsal names it, and where it passes a press works.
func TestWhatABudgetNeedsIsRehearsed(t *testing.T) {
	s := redistest.Start(t)
	ctx := redistest.Context(t)
	redistest.Must[[]string](t)(open(t, s.URL).GrantRights(ctx, "north", "gates"))
	c, _ := aclUser(t, s, "port-north")
	if err := c.RehearseBudget(ctx, "north"); err != nil {
		t.Fatal(err)
	}
	if n := s.Do("EXISTS", keyTalked("north")); n != int64(0) {
		t.Errorf("the rehearsal left an account: %v", n)
	}
	for _, wait := range []time.Duration{0, time.Second} {
		cl := limited("gates", "north", time.Minute, time.Hour)
		cl.Wait = wait
		redistest.Must[Decision](t)(c.Acquire(ctx, cl))
		redistest.Must[Renewal](t)(c.Renew(ctx, cl))
		redistest.Must[bool](t)(c.Release(ctx, cl))
	}
	if err := c.RehearseBudget(ctx, "south"); err == nil {
		t.Error("a port may keep another user's account")
	}
	s.Do("ACL", "SETUSER", "port-north", "clearselectors")
	err := c.RehearseBudget(ctx, "north")
	if f := conn.FaultOf(err); f.Kind != conn.Refusing || !strings.Contains(f.Do, "docs/redis.md") {
		t.Errorf("%+v", f)
	}
}

// TestABudgetOnACluster: the account lives on another node than the locks, and holds.
func TestABudgetOnACluster(t *testing.T) {
	url, _ := redistest.StartCluster(t)
	ctx, c := redistest.Context(t), open(t, url)
	redistest.Must[[]string](t)(c.GrantRights(ctx, "north", "m1", "m2"))
	first := limited("m1", "north", time.Millisecond, time.Minute)
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, first)); d.Verdict != Granted || d.Left != time.Millisecond {
		t.Fatalf("%+v", d)
	}
	redistest.Until(t, "a renewal to end it", func() bool {
		return redistest.Must[Renewal](t)(c.Renew(ctx, first)).State == OverBudget
	})
	redistest.Must[bool](t)(c.Release(ctx, first))
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, limited("m2", "north", time.Millisecond, time.Minute))); d.Verdict != Spent || d.Wait <= 0 {
		t.Errorf("%+v", d)
	}
}

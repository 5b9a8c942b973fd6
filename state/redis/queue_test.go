package redis

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/redistest"
)

// queuer is a member that waits for its turn.
func queuer(channel, user string) Claim {
	cl := claim(channel, user)
	cl.Wait = 5 * time.Second
	return cl
}

// TestQueueIsInOrder: who came first is first, whichever client asks more often,
// and who lets go or loses its rights is not waited for.
func TestQueueIsInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, rdb := redistest.Context(t), redistest.Raw(t, url)
		clients := [5]*Client{}
		claims := [5]Claim{}
		for i := range clients {
			user := fmt.Sprint("u", i)
			clients[i], claims[i] = open(t, url), queuer("m1", user)
			member(t, rdb, user, "m1")
		}
		ask := func(i int) Decision { return redistest.Must[Decision](t)(clients[i].Acquire(ctx, claims[i])) }
		want := func(i int, v Verdict, place int) {
			t.Helper()
			if d := ask(i); d.Verdict != v || d.Place != place {
				t.Fatalf("%d: %v, place %d; want %v, place %d", i, d.Verdict, d.Place, v, place)
			}
		}
		want(0, Granted, 0)
		for i := 1; i < 5; i++ {
			want(i, Queued, i)
		}
		want(3, Queued, 3)
		if d := ask(2); d.Holder.UserID != "u0" {
			t.Errorf("the holder is %q", d.Holder.UserID)
		}
		redistest.Must[bool](t)(clients[0].Release(ctx, claims[0]))
		want(4, Queued, 4) // the floor is free, and it is not its turn
		want(2, Queued, 2)
		want(1, Granted, 0)
		want(2, Queued, 1)
		// Lets go in the queue; a new press of its user stands at the end.
		redistest.Must[bool](t)(clients[2].Release(ctx, claims[2]))
		claims[2] = queuer("m1", "u2")
		want(2, Queued, 3)
		rdb.SRem(ctx, keyRights("u3"), "m1")
		want(3, NoRights, 0)
		want(4, Queued, 1)
		redistest.Must[bool](t)(clients[1].Release(ctx, claims[1]))
		want(4, Granted, 0)
		want(2, Queued, 1)
		redistest.Must[bool](t)(clients[4].Release(ctx, claims[4]))
		want(2, Granted, 0)
		redistest.Must[bool](t)(clients[2].Release(ctx, claims[2]))
		if n := rdb.Exists(ctx, keyQueue("m1"), keyQueueSeen("m1")).Val(); n != 0 {
			t.Errorf("%d keys of the queue are left", n)
		}
	})
}

// TestQueueForgetsTheDead: a gateway that died at the head of the queue is waited
// for no longer than its place is kept.
func TestQueueForgetsTheDead(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		member(t, rdb, "u1", "m1")
		member(t, rdb, "u2", "m1")
		member(t, rdb, "u3", "m1")
		holder, dead, next := queuer("m1", "u1"), queuer("m1", "u2"), queuer("m1", "u3")
		dead.Wait = 100 * time.Millisecond
		redistest.Must[Decision](t)(c.Acquire(ctx, holder))
		redistest.Must[Decision](t)(c.Acquire(ctx, dead))
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, next)); d.Verdict != Queued || d.Place != 2 {
			t.Fatalf("%+v", d)
		}
		redistest.Must[bool](t)(c.Release(ctx, holder))
		redistest.Until(t, "the turn of the living", func() bool {
			return redistest.Must[Decision](t)(c.Acquire(ctx, next)).Verdict == Granted
		})
	})
}

// TestQueueBesideOthers: a server and a member that does not queue know nothing of
// it, and a dispatcher stands behind nobody it could pre-empt.
func TestQueueBesideOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		for _, u := range []string{"u1", "u2", "u3", "d1"} {
			member(t, rdb, u, "m1")
		}
		server := `{"userId":"s1","userName":"Server's","timestamp":1}`
		if !rdb.SetNX(ctx, keyLock("m1"), server, 30*time.Second).Val() {
			t.Fatal("the server was not granted")
		}
		first, second := queuer("m1", "u1"), queuer("m1", "u2")
		for i, cl := range []Claim{first, second} {
			if d := redistest.Must[Decision](t)(c.Acquire(ctx, cl)); d.Verdict != Queued || d.Place != i+1 || d.Holder.UserID != "s1" {
				t.Fatalf("%+v", d)
			}
		}
		rdb.Del(ctx, keyLock("m1"))
		if !rdb.SetNX(ctx, keyLock("m1"), server, 30*time.Second).Val() {
			t.Fatal("the server was not granted")
		}
		rdb.Del(ctx, keyLock("m1"))
		impatient := claim("m1", "u3")
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, impatient)); d.Verdict != Granted {
			t.Fatalf("without a queue: %+v", d)
		}
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, first)); d.Verdict != Queued || d.Place != 1 {
			t.Fatalf("%+v", d)
		}
		redistest.Must[bool](t)(c.Release(ctx, impatient))
		dispatcher := queuer("m1", "d1")
		dispatcher.Role = RoleDispatch
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, dispatcher)); d.Verdict != Granted {
			t.Fatalf("dispatcher: %+v", d)
		}
		redistest.Must[bool](t)(c.Release(ctx, dispatcher))
		if d := redistest.Must[Decision](t)(c.Acquire(ctx, first)); d.Verdict != Granted {
			t.Fatalf("%+v", d)
		}
	})
}

// TestQueueUnderLoad: gateways that ask as they like have each one floor at a
// time, and everybody gets a turn before anybody gets a second.
func TestQueueUnderLoad(t *testing.T) {
	const members, rounds = 8, 5
	onBoth(t, func(t *testing.T, url string) {
		ctx, rdb := redistest.Context(t), redistest.Raw(t, url)
		var mu sync.Mutex
		var turns []int
		var wg sync.WaitGroup
		var stood sync.WaitGroup
		stood.Add(members)
		for i := range members {
			user := fmt.Sprint("u", i)
			member(t, rdb, user, "m1")
			c := open(t, url)
			wg.Go(func() {
				for round := range rounds {
					cl := queuer("m1", user)
					d, err := c.Acquire(ctx, cl)
					if round == 0 {
						stood.Done()
						stood.Wait()
					}
					for ; err == nil && d.Verdict == Queued; d, err = c.Acquire(ctx, cl) {
					}
					if err != nil || d.Verdict != Granted {
						t.Errorf("%s: %v, %v", user, d.Verdict, err)
						return
					}
					mu.Lock()
					turns = append(turns, i)
					mu.Unlock()
					c.Release(ctx, cl)
				}
			})
		}
		wg.Wait()
		if len(turns) != members*rounds {
			t.Fatalf("%d turns, want %d", len(turns), members*rounds)
		}
		seen := map[int]bool{}
		for _, who := range turns[:members] {
			seen[who] = true
		}
		if len(seen) != members {
			t.Errorf("of the first %d turns only %d members had one: %v", members, len(seen), turns[:members])
		}
	})
}

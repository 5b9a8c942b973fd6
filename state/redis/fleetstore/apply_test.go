package fleetstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func fleetKey(t testing.TB) fleet.PrivateKey {
	t.Helper()
	return redistest.Must[fleet.PrivateKey](t)(fleet.NewKey([]byte(strings.Repeat("k", 32))))
}

// applyOf is an apply of one setting to scopes, in place of what there is now.
func applyOf(t testing.TB, c *Store, version uint64, rollout *fleet.Rollout, value string, scopes ...fleet.Scope) Apply {
	t.Helper()
	now := redistest.Must[View](t)(c.ReadFleet(redistest.Context(t), scopes...))
	a := Apply{Version: version, Author: "ops", Time: time.Unix(1764000000, 0).UTC(), Reason: "test", Rollout: rollout, Scopes: scopes}
	for _, scope := range scopes {
		e := redistest.Must[fleet.Envelope](t)(fleet.Sign(fleet.Document{Scope: scope, Version: version, Time: a.Time, Rollout: rollout,
			Settings: fleet.Settings{"log.level": value}}, fleetKey(t)))
		a.Changes = append(a.Changes, Change{Old: now.Scopes[scope].Newest, New: e})
	}
	return a
}

func apply(t testing.TB, c *Store, version uint64, rollout *fleet.Rollout, value string, scopes ...fleet.Scope) Apply {
	t.Helper()
	a := applyOf(t, c, version, rollout, value, scopes...)
	if err := c.ApplyFleet(redistest.Context(t), a); err != nil {
		t.Fatal(err)
	}
	return a
}

// stored is what a scope is told: the values of newest and settled, and the state.
func stored(t testing.TB, c *Store, scope fleet.Scope) string {
	t.Helper()
	s := redistest.Must[View](t)(c.ReadFleet(redistest.Context(t), scope)).Scopes[scope]
	value := func(e fleet.Envelope) string {
		if e == "" {
			return "-"
		}
		d, _, err := e.Peek()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(d.Version, d.Settings["log.level"])
	}
	return strings.TrimSpace(fmt.Sprint(value(s.Newest), " ", value(s.Settled), " ", s.State))
}

func TestFleetApplyAndRollout(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c, ctx := open(t, url), redistest.Context(t)
		gates, north := fleet.Group("gates"), fleet.Gateway("north")
		expect := func(scope fleet.Scope, want string) {
			t.Helper()
			if got := stored(t, c, scope); got != want {
				t.Errorf("%s: %q, want %q", scope, got, want)
			}
		}
		judge := func(version uint64, gateway, failure string, want fleet.State) {
			t.Helper()
			if got := redistest.Must[fleet.State](t)(c.ReportCanary(ctx, version, gateway, failure)); got != want {
				t.Errorf("%d after %s: %q, want %q", version, gateway, got, want)
			}
		}
		expect(gates, "- -")
		apply(t, c, 1, nil, "info", gates, north)
		expect(gates, "1info -")
		two := &fleet.Rollout{Upto: 1, Canaries: 2}
		apply(t, c, 2, two, "warn", gates)
		expect(gates, "2warn 1info trying")
		judge(2, "a", "", fleet.Trying)
		judge(2, "a", "", fleet.Trying) // said twice, it is one
		judge(2, "b", "", fleet.Open)
		judge(2, "c", "too late", fleet.Open)
		expect(gates, "2warn 1info open")
		third := apply(t, c, 3, two, "error", gates, north)
		expect(gates, "3error 2warn trying")
		judge(3, "a", "", fleet.Trying)
		judge(3, "b", "no link", fleet.Halted)
		judge(3, "c", "", fleet.Halted)
		judge(3, "d", "", fleet.Halted)
		r := redistest.Must[Rollout](t)(c.ReadRollout(ctx, 3))
		if r.State != fleet.Halted || r.Passed != 1 || r.Canaries != 2 || r.Why != "b: no link" || r.Outcomes["b"] != "failed: no link" || r.Outcomes["a"] != "passed" {
			t.Errorf("%+v", r)
		}
		// What comes next takes the place of what counted, not of what was halted.
		apply(t, c, 4, nil, "debug", gates)
		expect(gates, "4debug 2warn")
		expect(north, "3error 1info halted")
		before := redistest.Must[map[fleet.Scope]fleet.Envelope](t)(c.FleetBefore(ctx, third))
		if d, _, err := before[gates].Peek(); err != nil || d.Version != 2 {
			t.Errorf("before 3: %d, %v", d.Version, err)
		}
		// A rollout that is not open when something else comes never will be.
		apply(t, c, 5, two, "info", gates, north)
		apply(t, c, 6, nil, "warn", north)
		judge(5, "a", "", fleet.Halted)
		expect(gates, "5info 4debug halted")
		expect(north, "6warn 1info")
		judge(99, "a", "", "")
		h := redistest.Must[[]Apply](t)(c.FleetHistory(ctx, 10))
		if len(h) != 6 || h[0].Version != 6 || h[1].Rollout.Canaries != 2 || len(h[1].Scopes) != 2 || h[5].Author != "ops" {
			t.Errorf("%+v", h)
		}
		if all := redistest.Must[map[fleet.Scope]fleet.Stored](t)(c.ReadWholeFleet(ctx)); len(all) != 2 || all[gates].State != fleet.Halted {
			t.Errorf("%+v", all)
		}
	})
}

// TestFleetOperatorsAtOnce lets many apply at the same instant: one is done, the
// others are told, and nothing of theirs is stored.
func TestFleetOperatorsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		admin := open(t, url)
		for round := range uint64(20) {
			const operators = 8
			var done, conflicts int
			var mu sync.Mutex
			var all sync.WaitGroup
			var applies []Apply
			for i := range uint64(operators) {
				applies = append(applies, applyOf(t, admin, 100*(round+1)+i, nil, fmt.Sprint("by", i), fleet.Defaults, fleet.Group("gates")))
			}
			for _, a := range applies {
				all.Go(func() {
					err := admin.ApplyFleet(context.Background(), a)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						done++
					case errors.Is(err, ErrConflict):
						conflicts++
					default:
						t.Error(err)
					}
				})
			}
			all.Wait()
			if done != 1 || conflicts != operators-1 {
				t.Fatalf("round %d: %d applied, %d told of a conflict", round, done, conflicts)
			}
			if a, b := stored(t, admin, fleet.Defaults), stored(t, admin, fleet.Group("gates")); a != b {
				t.Fatalf("half of one, half of another: %s, %s", a, b)
			}
		}
		if h := redistest.Must[[]Apply](t)(admin.FleetHistory(redistest.Context(t), 100)); len(h) != 20 {
			t.Errorf("%d applies are remembered", len(h))
		}
		// Two that have nothing in common but the version.
		a := applyOf(t, admin, 9000, nil, "x", fleet.Gateway("a"))
		b := applyOf(t, admin, 9000, nil, "x", fleet.Gateway("b"))
		if err := admin.ApplyFleet(redistest.Context(t), a); err != nil {
			t.Fatal(err)
		}
		if err := admin.ApplyFleet(redistest.Context(t), b); !errors.Is(err, ErrConflict) {
			t.Errorf("a version is used twice: %v", err)
		}
	})
}

func TestFleetHistoryIsBounded(t *testing.T) {
	c, s := func() (*Store, *redistest.Server) { s := redistest.Start(t); return open(t, s.URL), s }()
	var first Apply
	for v := range uint64(historyLimit + 20) {
		a := apply(t, c, v+1, &fleet.Rollout{Canaries: 1}, "info", fleet.Defaults)
		if v == 0 {
			first = a
		}
	}
	if n := s.Do("HLEN", keyUndo); n != int64(historyLimit) {
		t.Errorf("%d documents are kept to go back to", n)
	}
	if n := s.Do("LLEN", keyHistory); n != int64(historyLimit) {
		t.Errorf("%d applies are remembered", n)
	}
	if _, err := c.FleetBefore(redistest.Context(t), first); err == nil || !strings.Contains(err.Error(), "no longer kept") {
		t.Error(err)
	}
	if ttl := s.Do("TTL", keyRollout(1)); ttl.(int64) <= 0 {
		t.Errorf("a rollout that nothing refers to lives on: TTL %v", ttl)
	}
	if ttl := s.Do("TTL", keyRollout(historyLimit+20)); ttl.(int64) != -1 {
		t.Errorf("the newest rollout ends: TTL %v", ttl)
	}
}

// watchFleet watches until the test ends.
func watchFleet(t testing.TB, c *Store, scopes []fleet.Scope) <-chan View {
	t.Helper()
	views := make(chan View, 100)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := c.WatchFleet(ctx, scopes, func(v View) { views <- v }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return views
}

func TestWatchFleet(t *testing.T) {
	s := redistest.Start(t)
	proxy := redistest.NewProxy(t, s.Addr)
	c, admin := open(t, proxy.URL), open(t, s.URL)
	views := watchFleet(t, c, fleet.ScopesOf("north", "gates"))
	version := func(want uint64, state fleet.State) func(View) bool {
		return func(v View) bool {
			d, _, err := v.Scopes[fleet.Group("gates")].Newest.Peek()
			return v.Known && err == nil && d.Version == want && v.Scopes[fleet.Group("gates")].State == state
		}
	}
	redistest.Await(t, views, "nothing", func(v View) bool { return v.Known && len(v.Scopes) == 3 })
	redistest.Until(t, "a subscription", func() bool { return c.conn.Subscription().Connected })
	apply(t, admin, 1, &fleet.Rollout{Canaries: 1}, "info", fleet.Group("gates"))
	redistest.Await(t, views, "a document", version(1, fleet.Trying))
	redistest.Must[fleet.State](t)(admin.ReportCanary(redistest.Context(t), 1, "a", ""))
	redistest.Await(t, views, "its rollout", version(1, fleet.Open))
	proxy.Blackhole()
	apply(t, admin, 2, nil, "warn", fleet.Group("gates"))
	redistest.Await(t, views, "the loss of Redis", func(v View) bool { return !v.Known })
	proxy.Mend()
	redistest.Await(t, views, "what came meanwhile", version(2, ""))
	s.Restart()
	redistest.Await(t, views, "an empty Redis", func(v View) bool { return v.Known && v.Scopes[fleet.Group("gates")].Newest == "" })
}

func TestFleetInACluster(t *testing.T) {
	url, _ := redistest.StartCluster(t)
	c := open(t, url)
	var scopes []fleet.Scope
	for i := range 20 {
		scopes = append(scopes, fleet.Gateway(fmt.Sprint("g", i)))
	}
	apply(t, c, 1, nil, "info", scopes...)
	apply(t, c, 2, &fleet.Rollout{Canaries: 1}, "warn", scopes...)
	redistest.Must[fleet.State](t)(c.ReportCanary(redistest.Context(t), 2, "g1", ""))
	if got := stored(t, c, scopes[7]); got != "2warn 1info open" {
		t.Error(got)
	}
}

package fleetstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func report(gateway string) fleet.Report {
	return fleet.Report{Gateway: gateway, Group: "gates", Channel: "gates", Version: "v1", At: time.Now(),
		Health: fleet.Health{OnAir: true}, Lamps: fleet.Lamps{Link: true}, Floor: fleet.Floor{State: "idle"}}
}

// watchReports watches until the test ends.
func watchReports(t testing.TB, c *Store) <-chan ReportsView {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	views := make(chan ReportsView, 100)
	var done sync.WaitGroup
	done.Go(func() {
		if err := c.WatchReports(ctx, func(v ReportsView) { views <- v }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return views
}

func awaitReports(t testing.TB, views <-chan ReportsView, gateway string, ok func(fleet.Sighting) bool) ReportsView {
	t.Helper()
	return redistest.Await(t, views, "gateway "+gateway, func(v ReportsView) bool {
		for _, s := range v.Sightings {
			if s.Gateway == gateway {
				return ok(s)
			}
		}
		return false
	})
}

func TestReportsAreKeptBeyondTheirHeartbeat(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		before := time.Now().Add(-time.Second)
		for _, id := range []string{"south", "north"} {
			if err := c.PutReport(ctx, report(id), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if ttl := rdb.PTTL(ctx, keyBeat("north")).Val(); ttl <= 0 || ttl > time.Minute {
			t.Errorf("the heartbeat's TTL is %v", ttl)
		}
		all := redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx))
		if len(all) != 2 || all[0].Gateway != "north" || all[1].Gateway != "south" {
			t.Fatalf("%+v", all)
		}
		if n := all[0]; n.Err != nil || !n.Live || n.SeenAt.Before(before) || n.Report.Channel != "gates" || !n.Report.Lamps.Link {
			t.Errorf("%+v", n)
		}
		rdb.Del(ctx, keyBeat("north"))
		all = redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx))
		if n := all[0]; n.Live || n.SeenAt.Before(before) || n.Report.Version != "v1" {
			t.Errorf("after its heartbeat: %+v", n)
		}
		if !redistest.Must[bool](t)(c.ForgetReport(ctx, "north")) || redistest.Must[bool](t)(c.ForgetReport(ctx, "north")) {
			t.Error("expected it to be forgotten once")
		}
		if all = redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx)); len(all) != 1 {
			t.Errorf("%+v", all)
		}
	})
}

func TestBadReportsSpoilOnlyTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c, rdb := redistest.Context(t), open(t, url), redistest.Raw(t, url)
		for _, id := range []string{"good", "torn", "forged", "typed", "timeless"} {
			if err := c.PutReport(ctx, report(id), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		rdb.HSet(ctx, keyReport("torn"), "report", `{"v":1,"gateway":"to`)
		rdb.HSet(ctx, keyReport("forged"), "report", rdb.HGet(ctx, keyReport("good"), "report").Val())
		rdb.Del(ctx, keyReport("typed"))
		rdb.Set(ctx, keyReport("typed"), "text", 0)
		rdb.HSet(ctx, keyReport("timeless"), "seen", "yesterday")
		rdb.SAdd(ctx, keyGateways, "never reported")
		all := redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx))
		if len(all) != 5 {
			t.Fatalf("%+v", all)
		}
		for _, s := range all {
			if (s.Err == nil) != (s.Gateway == "good") {
				t.Errorf("%s: %v", s.Gateway, s.Err)
			}
			if s.Report.Gateway != s.Gateway {
				t.Errorf("%s is taken for %s", s.Gateway, s.Report.Gateway)
			}
		}
		if err := all[1].Err; all[1].Gateway != "good" && !errors.Is(err, fleet.ErrBadReport) {
			t.Error(err)
		}
	})
}

func TestReportsThatAreNotStored(t *testing.T) {
	c := open(t, "redis://127.0.0.1:1")
	for name, r := range map[string]fleet.Report{
		"no ID":           {},
		"a hash tag's ID": {Gateway: "a}b"},
		"a bad level":     {Gateway: "a", Levels: fleet.Levels{Mic: 1e9}},
	} {
		if err := c.PutReport(redistest.Context(t), r, time.Minute); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.PutReport(redistest.Context(t), report("a"), 0); err == nil {
		t.Error("a heartbeat without a TTL was taken")
	}
}

func TestReportIsOneRoundTrip(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx, c := redistest.Context(t), open(t, url)
		if err := c.conn.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		ctx, trips := redistest.CountTrips(ctx, c.conn.Redis)
		for range 3 {
			if err := c.PutReport(ctx, report("north"), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if n := trips(); n != 3 {
			t.Errorf("three reports took %d round trips", n)
		}
		redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx))
		if n := trips(); n != 5 {
			t.Errorf("reading all took %d round trips, expected 2", n-3)
		}
		redistest.Raw(t, url).ScriptFlush(ctx)
		if err := c.PutReport(ctx, report("north"), time.Minute); err != nil {
			t.Errorf("after SCRIPT FLUSH: %v", err)
		}
	})
}

func TestWatchReports(t *testing.T) {
	s := redistest.Start(t)
	ctx, c := redistest.Context(t), open(t, s.URL)
	if err := c.PutReport(ctx, report("north"), time.Minute); err != nil {
		t.Fatal(err)
	}
	views := watchReports(t, open(t, s.URL))
	if v := awaitReports(t, views, "north", func(s fleet.Sighting) bool { return s.Live }); !v.Whole {
		t.Errorf("the first reading is not whole: %+v", v)
	}
	talking := report("south")
	talking.Floor.State = "talking"
	if err := c.PutReport(ctx, talking, time.Minute); err != nil {
		t.Fatal(err)
	}
	awaitReports(t, views, "south", func(s fleet.Sighting) bool { return s.Live && s.Report.Floor.State == "talking" })
	if err := c.PutReport(ctx, talking, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	awaitReports(t, views, "south", func(s fleet.Sighting) bool { return !s.Live && s.Report.Floor.State == "talking" })
	// What is published is a hint, and nothing else.
	s.Do("PUBLISH", topicReports, `{"gateway":"west"}`)
	s.Do("PUBLISH", topicReports, "west")
	s.Kill()
	redistest.Await(t, views, "the loss of Redis", func(v ReportsView) bool { return !v.Known })
	s.Restart()
	redistest.Await(t, views, "an empty Redis", func(v ReportsView) bool { return v.Known && v.Whole && len(v.Sightings) == 0 })
}

func TestReportsInACluster(t *testing.T) {
	url, _ := redistest.StartCluster(t)
	ctx, c := redistest.Context(t), open(t, url)
	for i := range 20 {
		if err := c.PutReport(ctx, report(fmt.Sprint("g", i)), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	all := redistest.Must[[]fleet.Sighting](t)(c.Reports(ctx))
	if len(all) != 20 {
		t.Errorf("%d of 20", len(all))
	}
	for _, s := range all {
		if s.Err != nil || !s.Live {
			t.Errorf("%+v", s)
		}
	}
}

// BenchmarkReport is what one heartbeat costs, with so many gateways beside.
func BenchmarkReport(b *testing.B) {
	for _, others := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(others), func(b *testing.B) {
			s := redistest.Start(b)
			ctx, c := context.Background(), open(b, s.URL)
			for i := range others {
				if err := c.PutReport(ctx, report(fmt.Sprint("g", i)), time.Hour); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := c.PutReport(ctx, report("north"), time.Hour); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

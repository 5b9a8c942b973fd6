package redis

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func watchFleet(t testing.TB, c *Client, scopes []fleet.Scope) <-chan fleetstore.View {
	t.Helper()
	views := make(chan fleetstore.View, 100)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := c.WatchFleet(ctx, scopes, func(v fleetstore.View) { views <- v }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return views
}

func fleetKey(t testing.TB) fleet.PrivateKey {
	t.Helper()
	return redistest.Must[fleet.PrivateKey](t)(fleet.NewKey([]byte(strings.Repeat("k", 32))))
}

// applyOf is an apply of one setting to scopes, in place of what there is now.
func applyOf(t testing.TB, c *Client, version uint64, rollout *fleet.Rollout, value string, scopes ...fleet.Scope) fleetstore.Apply {
	t.Helper()
	now := redistest.Must[fleetstore.View](t)(c.ReadFleet(redistest.Context(t), scopes...))
	a := fleetstore.Apply{Version: version, Author: "ops", Time: time.Unix(1764000000, 0).UTC(), Reason: "test", Rollout: rollout, Scopes: scopes}
	for _, scope := range scopes {
		e := redistest.Must[fleet.Envelope](t)(fleet.Sign(fleet.Document{Scope: scope, Version: version, Time: a.Time, Rollout: rollout,
			Settings: fleet.Settings{"log.level": value}}, fleetKey(t)))
		a.Changes = append(a.Changes, fleetstore.Change{Old: now.Scopes[scope].Newest, New: e})
	}
	return a
}

func apply(t testing.TB, c *Client, version uint64, rollout *fleet.Rollout, value string, scopes ...fleet.Scope) fleetstore.Apply {
	t.Helper()
	a := applyOf(t, c, version, rollout, value, scopes...)
	if err := c.ApplyFleet(redistest.Context(t), a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestFleetLeavesAnOverloadedRedisAlone: a thousand gateways that ask a Redis again
// every second which does not get round to answering keep it from ever doing so.
func TestFleetLeavesAnOverloadedRedisAlone(t *testing.T) {
	inBubble(t, func(b *bubble) {
		var away atomic.Bool
		b.wrap = func(conn net.Conn) (net.Conn, error) {
			if away.Load() {
				conn.Close()
				return nil, errRefused
			}
			return conn, nil
		}
		away.Store(true)
		c, end := b.open()
		defer end()
		var lost, known atomic.Int32
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.WatchFleet(ctx, fleet.ScopesOf("north", "gates"), func(v fleetstore.View) {
				if v.Known {
					known.Add(1)
				} else {
					lost.Add(1)
				}
			})
		}()
		defer func() { cancel(); <-done }()
		time.Sleep(time.Hour)
		if n := lost.Load(); n < 50 || n > 300 {
			t.Errorf("it asked %d times in an hour", n)
		} else {
			t.Logf("it asked %d times in an hour", n)
		}
		away.Store(false)
		time.Sleep(time.Minute)
		if known.Load() == 0 {
			t.Error("it does not see that Redis is back")
		}
	})
}

// Reports that come at once are read at once: the hub's work does not grow with
// the fleet's.
func TestReportsAreReadTogether(t *testing.T) {
	inBubble(t, func(b *bubble) {
		c, end := b.open()
		defer end()
		ctx, cancel := context.WithCancel(context.Background())
		readings, heard := 0, map[string]bool{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.WatchReports(ctx, func(v fleetstore.ReportsView) {
				readings++
				for _, s := range v.Sightings {
					heard[s.Gateway] = true
				}
			})
		}()
		time.Sleep(time.Second)
		before := readings
		for i := range 200 {
			if err := c.PutReport(ctx, report(fmt.Sprint("g", i)), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := readings - before; n > 2 || len(heard) != 200 {
			t.Errorf("200 reports were read in %d readings, %d of them", n, len(heard))
		}
		cancel()
		<-done
	})
}

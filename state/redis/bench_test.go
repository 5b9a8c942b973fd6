package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// versus times both arms in turn, at least 15 times each, and reports the median
// of their ratios and of ours.
func versus(b *testing.B, each int, ours, theirs func() time.Duration) {
	b.Helper()
	ours()
	theirs()
	var ratios []float64
	var own []time.Duration
	pair := func() {
		var o, t time.Duration
		if len(ratios)%2 == 0 {
			o, t = ours(), theirs()
		} else {
			t, o = theirs(), ours()
		}
		ratios, own = append(ratios, float64(o)/float64(t)), append(own, o)
	}
	for b.Loop() {
		pair()
	}
	for len(ratios) < 15 {
		pair()
	}
	slices.Sort(ratios)
	slices.Sort(own)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(float64(own[len(own)/2].Microseconds())/float64(each), "µs/op-ours")
	b.ReportMetric(0, "ns/op")
}

func timed(n int, do func()) func() time.Duration {
	return func() time.Duration {
		began := time.Now()
		for range n {
			do()
		}
		return time.Since(began)
	}
}

// say is what the servers publish when the floor changes hands.
func (a ancestor) say(ctx context.Context, channel, event string) {
	a.rdb.Publish(ctx, keyEvents(channel), event)
}

// talk is the ancestor's press and release: five round trips, rights not looked at.
func (a ancestor) talk(ctx context.Context, channel, user string) bool {
	ok, _ := a.acquire(ctx, channel, user)
	if ok {
		busy, _ := busyEvent(channel, user, user, time.Now())
		a.say(ctx, channel, busy)
		a.release(ctx, channel, user)
		idle, _ := idleEvent(channel)
		a.say(ctx, channel, idle)
	}
	return ok
}

// bench is a server and both algorithms' ways to it; latency is the network's,
// one way.
func bench(b *testing.B, latency time.Duration) (*redistest.Server, *Client, ancestor) {
	b.Helper()
	s := redistest.Start(b)
	url := s.URL
	if latency > 0 {
		p := redistest.NewProxy(b, s.Addr)
		p.Spoil("latency", "downstream", "latency", latency.Milliseconds())
		url = p.URL
	}
	c, err := Open(conn.Config{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return s, c, ancestor{rdb: redistest.Raw(b, url)}
}

// overNetworks runs a benchmark on loopback, where Redis's own work counts, and
// over a network, where round trips do.
func overNetworks(b *testing.B, run func(b *testing.B, latency time.Duration)) {
	b.Run("loopback", func(b *testing.B) { run(b, 0) })
	b.Run("1ms", func(b *testing.B) { run(b, time.Millisecond) })
}

func (a ancestor) allow(user string, channels ...string) {
	for _, ch := range channels {
		a.rdb.SAdd(context.Background(), keyRights(user), ch)
	}
}

// BenchmarkPressAndRelease is a talk spurt's two ends, ours with rights, ban and
// epoch, against the ancestor's.
func BenchmarkPressAndRelease(b *testing.B) { overNetworks(b, benchPressAndRelease) }

func benchPressAndRelease(b *testing.B, latency time.Duration) {
	_, c, a := bench(b, latency)
	ctx := context.Background()
	a.allow("u1", "m1")
	const n = 50
	versus(b, n, timed(n, func() {
		cl := NewClaim("m1", "u1", "u1", time.Now(), testTTL)
		if d, err := c.Acquire(ctx, cl); err != nil || d.Verdict != Granted {
			b.Fatal(d, err)
		}
		if ok, err := c.Release(ctx, cl); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}), timed(n, func() {
		if !a.talk(ctx, "m2", "u1") {
			b.Fatal("not granted")
		}
	}))
}

// BenchmarkDenial is a press on a busy channel.
func BenchmarkDenial(b *testing.B) { overNetworks(b, benchDenial) }

func benchDenial(b *testing.B, latency time.Duration) {
	_, c, a := bench(b, latency)
	ctx := context.Background()
	a.allow("u1", "m1")
	a.rdb.Set(ctx, keyLock("m1"), `{"userId":"u2","userName":"u2","timestamp":1795398687760}`, 0)
	const n = 100
	versus(b, n, timed(n, func() {
		if d, err := c.Acquire(ctx, NewClaim("m1", "u1", "u1", time.Now(), testTTL)); err != nil || d.Verdict != Busy {
			b.Fatal(d, err)
		}
	}), timed(n, func() {
		if ok, holder := a.acquire(ctx, "m1", "u1"); ok || holder != "u2" {
			b.Fatal(ok, holder)
		}
	}))
}

// BenchmarkThroughput is press and release on 16 channels at once.
func BenchmarkThroughput(b *testing.B) { overNetworks(b, benchThroughput) }

func benchThroughput(b *testing.B, latency time.Duration) {
	_, c, a := bench(b, latency)
	ctx := context.Background()
	const channels, n = 16, 20
	name := func(i int) string { return fmt.Sprint("m", i) }
	for i := range channels {
		a.allow("u1", name(i))
	}
	atOnce := func(do func(channel string)) func() time.Duration {
		return func() time.Duration {
			began := time.Now()
			var wg sync.WaitGroup
			for i := range channels {
				wg.Go(func() {
					for range n {
						do(name(i))
					}
				})
			}
			wg.Wait()
			return time.Since(began)
		}
	}
	versus(b, channels*n, atOnce(func(ch string) {
		cl := NewClaim(ch, "u1", "u1", time.Now(), testTTL)
		c.Acquire(ctx, cl)
		c.Release(ctx, cl)
	}), atOnce(func(ch string) { a.talk(ctx, "a"+ch, "u1") }))
}

// BenchmarkPauseAllSpeakers pauses an event all of whose channels are talked on,
// against the ancestor's one channel after another.
func BenchmarkPauseAllSpeakers(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, c, a := bench(b, 0)
			ctx := context.Background()
			fill := func(event string) {
				p := a.rdb.Pipeline()
				for i := range n {
					ch := fmt.Sprint(event, i)
					p.HSet(ctx, keyChannelEvents, ch, event)
					p.Set(ctx, keyLock(ch), `{"userId":"u2","userName":"u2","timestamp":1795398687760}`, 0)
				}
				if _, err := p.Exec(ctx); err != nil {
					b.Fatal(err)
				}
			}
			versus(b, 1, func() time.Duration {
				fill("e1")
				began := time.Now()
				if paused, err := c.PauseAllSpeakers(ctx, "e1", "boss"); err != nil || len(paused) != n {
					b.Fatal(len(paused), err)
				}
				return time.Since(began)
			}, func() time.Duration {
				fill("e2")
				began := time.Now()
				all, _ := a.rdb.HGetAll(ctx, keyChannelEvents).Result()
				speakers := map[string]string{}
				for ch, ev := range all {
					if ev == "e2" {
						speakers[ch] = parseHolder(a.rdb.Get(ctx, keyLock(ch)).Val()).UserID
					}
				}
				for ch, user := range speakers {
					a.release(ctx, ch, user)
					idle, _ := idleEvent(ch)
					a.say(ctx, ch, idle)
				}
				return time.Since(began)
			})
		})
	}
}

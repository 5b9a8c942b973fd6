package status

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

// reportBook is a store that writes down when it was given what.
type reportBook struct {
	mu   sync.Mutex
	at   []time.Time
	ttl  []time.Duration
	last fleet.Report
	err  error
	hang bool
}

func (b *reportBook) PutReport(ctx context.Context, r fleet.Report, ttl time.Duration) error {
	b.mu.Lock()
	b.at, b.ttl, b.last = append(b.at, time.Now()), append(b.ttl, ttl), r
	hang, err := b.hang, b.err
	b.mu.Unlock() // to wait for a mutex is not to be idle in a bubble
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (b *reportBook) count() int {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.at)
}

// beating runs a heartbeat of 10 s in a bubble.
func beating(t *testing.T, b *reportBook, test func(h *Heartbeat, log *strings.Builder)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var log strings.Builder
		report := func() fleet.Report {
			return fleet.Report{Gateway: "north", Health: fleet.Health{OnAir: true, Xruns: 2}}
		}
		h := NewHeartbeat(b, report, 10*time.Second, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); h.Run(ctx) }()
		test(h, &log)
		stop()
		<-done
	})
}

func status(phase floor.Phase, holder string) port.Status {
	s := port.Status{Redis: true, Holder: holder, Taken: holder != ""}
	s.Floor.Phase = phase
	s.Lamps.Busy = holder != ""
	return s
}

func TestHeartbeatCostsTheSameWhateverOthersSay(t *testing.T) {
	b := &reportBook{}
	beating(t, b, func(h *Heartbeat, _ *strings.Builder) {
		h.Observe(status(floor.Idle, ""))
		time.Sleep(5 * time.Second)
		before := b.count()
		for range 1000 { // a busy channel, for 1000 s
			h.Observe(status(floor.Idle, "south"))
			time.Sleep(500 * time.Millisecond)
			h.Observe(status(floor.Idle, ""))
			time.Sleep(500 * time.Millisecond)
		}
		if n := b.count() - before; n < 90 || n > 112 {
			t.Errorf("%d reports in 1000 s, expected about one in 10 s", n)
		}
	})
}

func TestHeartbeatTellsOwnNewsAtOnce(t *testing.T) {
	b := &reportBook{}
	beating(t, b, func(h *Heartbeat, _ *strings.Builder) {
		h.Observe(status(floor.Idle, ""))
		time.Sleep(3 * time.Second)
		before := b.count()
		h.Observe(status(floor.Talking, "north"))
		if n := b.count() - before; n != 1 {
			t.Fatalf("%d reports of a press", n)
		}
		time.Sleep(20 * time.Second)
		if n := b.count() - before; n < 15 || n > 25 {
			t.Errorf("%d reports in 20 s of talking, expected about one a second", n)
		}
		before = b.count()
		for range 1000 { // a button that bounces
			h.Observe(status(floor.Requesting, ""))
			h.Observe(status(floor.Idle, ""))
			time.Sleep(time.Millisecond)
		}
		if n := b.count() - before; n > 4 {
			t.Errorf("%d reports in a second", n)
		}
	})
}

func TestHeartbeatSaysGoodbye(t *testing.T) {
	b := &reportBook{}
	beating(t, b, func(*Heartbeat, *strings.Builder) { time.Sleep(15 * time.Second) })
	n := len(b.ttl)
	if b.ttl[0] != 30*time.Second || b.ttl[n-1] != time.Millisecond || b.last.Health.OnAir || b.last.Health.Summary != "stopped" || b.last.Health.Xruns != 2 {
		t.Errorf("TTLs %v, last %+v", b.ttl, b.last)
	}
}

func TestHeartbeatWithoutRedis(t *testing.T) {
	b := &reportBook{err: errors.New("NOPERM")}
	beating(t, b, func(_ *Heartbeat, log *strings.Builder) {
		time.Sleep(time.Minute)
		b.mu.Lock()
		b.hang, b.err = true, nil
		b.mu.Unlock()
		time.Sleep(time.Minute)
		if n := strings.Count(log.String(), "cannot report"); n != 1 {
			t.Errorf("said %d times that it cannot report", n)
		}
		b.mu.Lock()
		b.hang = false
		b.mu.Unlock()
		time.Sleep(30 * time.Second)
		if !strings.Contains(log.String(), "hears of this gateway again") {
			t.Error(log.String())
		}
	})
	if len(b.at) < 10 {
		t.Errorf("%d reports were tried", len(b.at))
	}
}

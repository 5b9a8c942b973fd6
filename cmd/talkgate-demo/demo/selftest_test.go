package demo

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quietly(redisURL string) Config {
	return Config{Listen: "127.0.0.1:0", RedisURL: redisURL, Logger: slog.New(slog.DiscardHandler)}
}

func TestSelftestFindsNothingWrong(t *testing.T) {
	const presses = 6
	r, err := Selftest(t.Context(), quietly(redistest.Start(t).URL), presses)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", *r)
	if !r.OK || r.Presses != presses || r.Revocations != presses || r.Collisions == 0 {
		t.Errorf("%+v", *r)
	}
	if r.PressToFirstPacket.P50 <= 0 || r.MouthToEar.P50 <= 0 || r.RSS <= 0 || r.StartToOnAir <= 0 {
		t.Errorf("something was not measured: %+v", *r)
	}
}

// A selftest that cannot fail proves nothing. Each port here is broken in one way.
func TestSelftestFindsWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*port.Options)
		found func(*Report) bool
	}{
		{"the first frame is lost", func(o *port.Options) {
			l := o.Channels[0].Link.(*probe)
			l.Link = &lossy{Link: l.Link}
		}, func(r *Report) bool { return r.ClippedSamples.Start > 0 }},
		{"the microphone comes late", func(o *port.Options) {
			o.Hardware.Mic = late{o.Hardware.Mic}
		}, func(r *Report) bool { return r.ClippedSamples != Clipped{} }},
		{"a revocation is acted upon late", func(o *port.Options) {
			o.Rights = slow{o.Rights}
		}, func(r *Report) bool { return r.PacketsAfterRevoke > 0 }},
		{"every lock is granted", func(o *port.Options) {
			o.Lock, o.Floor = &yesMan{}, nobodyElse{}
		}, func(r *Report) bool { return r.DoubleTalkFrames > 0 }},
		{"every frame allocates", func(o *port.Options) {
			l := o.Channels[0].Link.(*probe)
			l.Link = &wasteful{Link: l.Link}
		}, func(r *Report) bool { return r.AllocsPerFrame.TX >= 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			const presses = 2
			b, err := newBench(quietly(""), presses, c.spoil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := b.test(t.Context(), presses)
			if err != nil {
				t.Fatal(err)
			}
			if r.OK || !c.found(r) {
				t.Errorf("not found: %+v", *r)
			}
		})
	}
}

// lossy sends all but the first frame with speech of a talk spurt.
type lossy struct {
	port.Link
	n int
}

func (l *lossy) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	if first {
		l.n = 0
	}
	if l.n++; l.n <= 2 {
		return nil
	}
	return l.Link.WriteOpus(frame, timestamp, l.n == 3)
}

type wasteful struct {
	port.Link
	kept []byte
}

func (w *wasteful) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	w.kept = append([]byte(nil), frame...)
	return w.Link.WriteOpus(w.kept, timestamp, first)
}

// late tells of each period that it was captured 10 ms later than it was, so
// that a port takes what was said before for what was said now.
type late struct{ capture }

type capture interface {
	Read(period []int16) (time.Time, error)
	Close() error
}

func (l late) Read(period []int16) (time.Time, error) {
	at, err := l.capture.Read(period)
	return at.Add(10 * time.Millisecond), err
}

// slow tells of lost rights 100 ms after they were read.
type slow struct{ port.RightsWatcher }

func (s slow) WatchRights(ctx context.Context, userID string, fn func(redis.Rights)) error {
	return s.RightsWatcher.WatchRights(ctx, userID, func(r redis.Rights) {
		if len(r.Channels) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		fn(r)
	})
}

// yesMan grants everything.
type yesMan struct {
	mu    sync.Mutex
	epoch uint64
}

func (y *yesMan) Acquire(context.Context, redis.Claim) (redis.Decision, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.epoch++
	return redis.Decision{Verdict: redis.Granted, Epoch: y.epoch}, nil
}

func (y *yesMan) Renew(context.Context, redis.Claim) (redis.Renewal, error) {
	return redis.Renewal{State: redis.Held}, nil
}

func (y *yesMan) Release(context.Context, redis.Claim) (bool, error) { return true, nil }

// nobodyElse never tells of a holder.
type nobodyElse struct{}

func (nobodyElse) WatchChannel(ctx context.Context, _ string, fn func(redis.FloorView)) error {
	fn(redis.FloorView{Known: true, ReadAt: time.Now()})
	<-ctx.Done()
	return nil
}

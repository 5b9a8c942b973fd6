package rtc

import (
	"context"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	cfg.Interfaces = []string{"lo"}
	e, err := NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// publishTo connects a publication of port to hub, which hands over packets to on.
func publishTo(t testing.TB, port, hub *Engine, on func(*rtp.Packet)) (*Publication, *Session) {
	t.Helper()
	var s *Session
	p, err := port.Publish(t.Context(), func(ctx context.Context, offer string) (answer string, err error) {
		s, answer, err = hub.AcceptPublisher(ctx, offer, on)
		return answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(); _ = s.Close() })
	return p, s
}

// listenTo connects a subscription of port to hub.
func listenTo(t testing.TB, port, hub *Engine, on func(media.Packet)) (*Subscription, *Listener) {
	t.Helper()
	var l *Listener
	s, err := port.Subscribe(t.Context(), func(ctx context.Context, offer string) (answer string, err error) {
		l, answer, err = hub.AcceptListener(ctx, offer)
		return answer, err
	}, on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(); _ = l.Close() })
	return s, l
}

// A spoken frame is one packet at the hub, and one at the listener, from the
// first frame after Publish returned.
func TestVoicePassesFromPortToPort(t *testing.T) {
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	const frames = 50
	heard := make(chan media.Packet, frames)
	_, l := listenTo(t, port, hub, func(p media.Packet) {
		p.Opus = append([]byte(nil), p.Opus...)
		heard <- p
	})
	p, s := publishTo(t, port, hub, func(p *rtp.Packet) {
		if err := l.WriteRTP(p); err != nil {
			t.Error(err)
		}
	})
	if !s.stream.LastHeard().IsZero() {
		t.Error("heard before anything was said")
	}
	for i := range frames {
		if err := p.WriteOpus([]byte{0xF8, byte(i), 1, 2}, uint32(i*media.FrameSamples), i == 0); err != nil {
			t.Fatal(err)
		}
	}
	var first media.Packet
	for i := range frames {
		got := <-heard
		if i == 0 {
			first = got
		}
		if got.Opus[1] != byte(i) || got.Seq != first.Seq+uint16(i) ||
			got.Timestamp != first.Timestamp+uint32(i*media.FrameSamples) || got.Marker != (i == 0) {
			t.Fatalf("packet %d: %+v after first %+v", i, got, first)
		}
		if age := time.Since(got.Arrived); age < 0 || age > time.Minute {
			t.Fatalf("packet %d arrived %v ago", i, age)
		}
	}
	if s.stream.LastHeard().IsZero() {
		t.Error("never heard")
	}
}

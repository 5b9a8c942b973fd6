package icelite

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	if cfg.UDP == "" {
		cfg.UDP = "127.0.0.1:0"
	}
	s, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newPort is a full ICE agent, as ports have it.
func newPort(t testing.TB, timeout time.Duration) *rtc.Engine {
	t.Helper()
	e, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}, PeerTimeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// publishTo connects a publication of port to s, which hands over packets to on.
func publishTo(t testing.TB, port *rtc.Engine, s *Server, on func(*rtp.Packet)) (*rtc.Publication, *Publisher) {
	t.Helper()
	var in *Publisher
	p, err := port.Publish(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		in, answer, err = s.AcceptPublisher(offer, on)
		return answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(); _ = in.Close() })
	return p, in
}

// subscribeTo connects a subscription of port to s.
func subscribeTo(t testing.TB, port *rtc.Engine, s *Server, on func(media.Packet)) (*rtc.Subscription, *Subscriber) {
	t.Helper()
	var out *Subscriber
	sub, err := port.Subscribe(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		out, answer, err = s.AcceptSubscriber(offer)
		return answer, err
	}, on)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close(); _ = out.Close() })
	return sub, out
}

// within is patient far beyond what is expected: it only ends a hung test.
func within(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("never: %s", what)
	}
}

// A spoken frame is one packet at the server, and one at the listener, from the
// first frame after Publish returned.
func TestVoicePassesFromPortToPort(t *testing.T) {
	for name, cfg := range map[string]Config{
		"one address":   {UDP: "127.0.0.1:0"},
		"all addresses": {UDP: ":0", Interfaces: []string{"lo"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, port := newServer(t, cfg), newPort(t, 0)
			const frames = 50
			heard := make(chan media.Packet, frames)
			_, out := subscribeTo(t, port, s, func(p media.Packet) {
				p.Opus = append([]byte(nil), p.Opus...)
				heard <- p
			})
			within(t, "the listener connects", out.connected)
			p, in := publishTo(t, port, s, func(p *rtp.Packet) {
				if err := out.WriteRTP(p); err != nil {
					t.Error(err)
				}
			})
			if !in.LastHeard().IsZero() {
				t.Error("heard before anything was said")
			}
			for i := range frames {
				if err := p.WriteOpus([]byte{0xF8, byte(i), 1, 2}, uint32(i*media.FrameSamples), i == 0); err != nil {
					t.Fatal(err)
				}
			}
			var first media.Packet
			for i := range frames {
				var got media.Packet
				select {
				case got = <-heard:
				case <-time.After(time.Minute):
					t.Fatalf("%d of %d packets are heard", i, frames)
				}
				if i == 0 {
					first = got
				}
				if got.Opus[1] != byte(i) || got.Seq != first.Seq+uint16(i) ||
					got.Timestamp != first.Timestamp+uint32(i*media.FrameSamples) || got.Marker != (i == 0) {
					t.Fatalf("packet %d: %+v after first %+v", i, got, first)
				}
			}
			if in.LastHeard().IsZero() {
				t.Error("never heard")
			}
		})
	}
}

func TestCloseEndsBothSidesAndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s, port := newServer(t, Config{}), newPort(t, 0)
	for range 5 {
		p, in := publishTo(t, port, s, func(*rtp.Packet) {})
		q, out := subscribeTo(t, port, s, func(media.Packet) {})
		within(t, "the listener connects", out.connected)
		_ = p.Close()
		within(t, "the server notices the publisher's end", in.Done())
		_ = out.Close()
		within(t, "the port notices the server's end", q.Done())
		if !errors.Is(p.Err(), rtc.ErrClosed) || !errors.Is(out.Err(), rtc.ErrClosed) {
			t.Errorf("own end: %v, %v", p.Err(), out.Err())
		}
		if !errors.Is(in.Err(), rtc.ErrPeerLost) || !errors.Is(q.Err(), rtc.ErrPeerLost) {
			t.Errorf("peer's end: %v, %v", in.Err(), q.Err())
		}
		if err := out.WriteRTP(&rtp.Packet{Payload: []byte{0xF8}}); !errors.Is(err, rtc.ErrClosed) {
			t.Errorf("WriteRTP after the end: %v", err)
		}
	}
	if len(s.conns) != 0 || len(s.routes) != 0 || len(s.ufrags) != 0 {
		t.Errorf("left: %d sessions, %d routes, %d user fragments", len(s.conns), len(s.routes), len(s.ufrags))
	}
	_ = s.Close()
	goleak.VerifyNone(t, before)
}

// A server that is killed says no goodbye: its socket is just gone.
func TestVanishedServerIsNoticed(t *testing.T) {
	s, port := newServer(t, Config{PeerTimeout: time.Second}), newPort(t, time.Second)
	p, in := publishTo(t, port, s, func(*rtp.Packet) {})
	q, out := subscribeTo(t, port, s, func(media.Packet) {})
	s.closeSockets()
	for name, session := range map[string]interface {
		Done() <-chan struct{}
		Err() error
	}{"publication": p, "publisher": in, "subscription": q, "subscriber": out} {
		within(t, name+" ends", session.Done())
		if !errors.Is(session.Err(), rtc.ErrPeerLost) && name != "subscriber" {
			t.Errorf("%s: %v", name, session.Err())
		}
	}
}

// Silence between talk spurts is no reason to end: consent checks go on.
func TestSilenceIsNotAbsence(t *testing.T) {
	// The port checks every second only, so the server has to ask in between.
	s, port := newServer(t, Config{PeerTimeout: time.Second}), newPort(t, 8*time.Second)
	p, in := publishTo(t, port, s, func(*rtp.Packet) {})
	select {
	case <-p.Done():
		t.Errorf("publication ended: %v", p.Err())
	case <-in.Done():
		t.Errorf("session ended: %v", in.Err())
	case <-time.After(3500 * time.Millisecond): // three times the timeout
	}
}

// An offer whose author never connects costs the server nothing for long.
func TestPeerThatNeverComes(t *testing.T) {
	s, port := newServer(t, Config{PeerTimeout: time.Second}), newPort(t, 0)
	send, hear := offers(t, port)
	in, _, err := s.AcceptPublisher(send, func(*rtp.Packet) {})
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.AcceptSubscriber(hear)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "the publisher ends", in.Done())
	within(t, "the subscriber ends", out.Done())
	if !errors.Is(in.Err(), rtc.ErrNotConnected) || !errors.Is(out.Err(), rtc.ErrNotConnected) {
		t.Errorf("got %v and %v", in.Err(), out.Err())
	}
}

// errSeen ends an exchange of which only the offer is wanted.
var errSeen = errors.New("seen")

// offers returns what a port offers to send, and to hear.
func offers(t testing.TB, e *rtc.Engine) (send, hear string) {
	t.Helper()
	if _, err := e.Publish(t.Context(), func(_ context.Context, offer string) (string, error) {
		send = offer
		return "", errSeen
	}); !errors.Is(err, errSeen) {
		t.Fatal(err)
	}
	if _, err := e.Subscribe(t.Context(), func(_ context.Context, offer string) (string, error) {
		hear = offer
		return "", errSeen
	}, func(media.Packet) {}); !errors.Is(err, errSeen) {
		t.Fatal(err)
	}
	return send, hear
}

package rtc

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/media"
)

// within is patient far beyond what is expected: it only ends a hung test.
func within(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("never: %s", what)
	}
}

func TestCloseEndsBothSidesAndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	for range 5 {
		p, s := publishTo(t, port, hub, func(*rtp.Packet) {})
		q, l := listenTo(t, port, hub, func(media.Packet) {})
		_ = p.Close()
		within(t, "the hub notices the publisher's end", s.Done())
		_ = l.Close()
		within(t, "the port notices the hub's end", q.Done())
		if !errors.Is(p.Err(), ErrClosed) || !errors.Is(l.Err(), ErrClosed) {
			t.Errorf("own end: %v, %v", p.Err(), l.Err())
		}
		if !errors.Is(s.Err(), ErrPeerLost) || !errors.Is(q.Err(), ErrPeerLost) {
			t.Errorf("peer's end: %v, %v", s.Err(), q.Err())
		}
		if err := p.WriteOpus([]byte{0xF8}, 0, true); !errors.Is(err, ErrClosed) {
			t.Errorf("WriteOpus after the end: %v", err)
		}
		if err := l.WriteRTP(&rtp.Packet{Payload: []byte{0xF8}}); !errors.Is(err, ErrClosed) {
			t.Errorf("WriteRTP after the end: %v", err)
		}
	}
	goleak.VerifyNone(t, before)
}

// Silence between talk spurts is no reason to end: consent checks go on.
func TestSilenceIsNotAbsence(t *testing.T) {
	hub, port := newEngine(t, Config{PeerTimeout: time.Second}), newEngine(t, Config{PeerTimeout: time.Second})
	p, s := publishTo(t, port, hub, func(*rtp.Packet) {})
	select {
	case <-p.Done():
		t.Errorf("publication ended: %v", p.Err())
	case <-s.Done():
		t.Errorf("session ended: %v", s.Err())
	case <-time.After(3 * time.Second): // three times the timeout
	}
}

// A peer that is there but never begins the handshake is given up as well. Here
// each side is told that the other will.
func TestPeerThatNeverShakesHands(t *testing.T) {
	hub, port := newEngine(t, Config{PeerTimeout: time.Second}), newEngine(t, Config{PeerTimeout: time.Second})
	var s *Session
	_, err := port.Publish(t.Context(), func(ctx context.Context, offer string) (answer string, err error) {
		s, answer, err = hub.AcceptPublisher(ctx, offer, func(*rtp.Packet) {})
		return strings.ReplaceAll(answer, "a=setup:passive", "a=setup:active"), err
	})
	if !errors.Is(err, ErrNotConnected) || !strings.Contains(err.Error(), "answers ICE, and DTLS came to no end") {
		t.Errorf("the port: %v", err)
	}
	within(t, "the session ends", s.Done())
	if !errors.Is(s.Err(), ErrNotConnected) {
		t.Errorf("the hub: %v", s.Err())
	}
}

func TestConnectingCanBeGivenUp(t *testing.T) {
	before := goleak.IgnoreCurrent()
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var s *Session
	_, err := port.Publish(ctx, func(ctx context.Context, offer string) (answer string, err error) {
		s, answer, err = hub.AcceptPublisher(ctx, offer, func(*rtp.Packet) {})
		_ = s.Close()
		time.AfterFunc(50*time.Millisecond, cancel)
		return answer, err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	goleak.VerifyNone(t, before)
}

// Nothing a publisher puts into its stream ends it, or reaches the channel
// unless it is a packet of sound.
func TestMalformedPacketsAreDropped(t *testing.T) {
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	good := make(chan struct{})
	var bad atomic.Int64
	heard := sync.OnceFunc(func() { close(good) })
	p, s := publishTo(t, port, hub, func(p *rtp.Packet) {
		if bytes.Equal(p.Payload, []byte("good")) {
			heard()
		} else if len(p.Payload) == 0 || len(p.Payload) > media.MaxOpusPacket {
			bad.Add(1)
		}
	})
	b := p.out.binding.Load()
	write := func(h rtp.Header, payload []byte) {
		h.Version, h.SSRC = 2, b.ssrc
		_, _ = b.writer.WriteRTP(&h, payload)
	}
	for range 200 {
		write(rtp.Header{PayloadType: b.types.opus}, nil)
		write(rtp.Header{PayloadType: b.types.opus}, make([]byte, media.MaxOpusPacket+1))
		write(rtp.Header{PayloadType: uint8(rand.N(128))}, make([]byte, rand.N(200)))
		write(rtp.Header{PayloadType: b.types.opus, CSRC: make([]uint32, rand.N(16))}, []byte{1})
		write(rtp.Header{PayloadType: b.types.opus, Padding: true, PaddingSize: byte(rand.N(255))}, []byte{1})
		junk := make([]byte, 1+rand.N(100))
		for i := range junk {
			junk[i] = byte(rand.Uint32())
		}
		_, _ = b.writer.Write(junk)
	}
	go func() {
		for {
			if p.WriteOpus([]byte("good"), 0, false) != nil {
				return
			}
			select {
			case <-good:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	within(t, "a good packet is heard after the bad ones", good)
	if n := bad.Load(); n != 0 {
		t.Errorf("%d packets without sound were passed on", n)
	}
	if s.Err() != nil {
		t.Errorf("the session ended: %v", s.Err())
	}
}

// The hub writes a channel's packets from the goroutine of whoever speaks.
func TestManyWriteToOneListener(t *testing.T) {
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	heard := make(chan struct{}, 1)
	_, l := listenTo(t, port, hub, func(media.Packet) {
		select {
		case heard <- struct{}{}:
		default:
		}
	})
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SSRC: uint32(i)}, Payload: []byte{1, 2, 3}}
			for range 200 {
				p.SequenceNumber++
				if err := l.WriteRTP(p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	// All of them may have been lost: the machine may be slow to read.
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 4}, Payload: []byte{1, 2, 3}}
	for deadline := time.After(time.Minute); ; {
		select {
		case <-heard:
			return
		case <-deadline:
			t.Fatal("nothing was heard")
		case <-again.C:
			p.SequenceNumber++
			if err := l.WriteRTP(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A peer whose addresses are dead is named with all of them.
func TestAddressesThatDoNotAnswerAreNamed(t *testing.T) {
	hub, port := newEngine(t, Config{PeerTimeout: time.Second}), newEngine(t, Config{PeerTimeout: time.Second})
	var at string
	_, err := port.Publish(t.Context(), func(ctx context.Context, offer string) (string, error) {
		s, answer, err := hub.AcceptPublisher(ctx, offer, func(*rtp.Packet) {})
		if err != nil {
			return "", err
		}
		_ = s.Close()
		for line := range strings.Lines(answer) {
			if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && strings.EqualFold(f[2], "udp") {
				at = "UDP " + net.JoinHostPort(f[4], f[5])
			}
		}
		return answer, nil
	})
	if !errors.Is(err, ErrNotConnected) || at == "" || !strings.Contains(err.Error(), "no answer from "+at) {
		t.Errorf("got %v, want an error that names %s", err, at)
	}
}

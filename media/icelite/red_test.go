package icelite

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/red"
	"github.com/talkgate/talkgate/media/rtc/rtctest"
)

// burst loses three packets of ten, and counts them by their payload types.
type burst struct {
	n, plain, withCopies atomic.Int64
	on                   atomic.Bool
}

func (l *burst) lose(b []byte) bool {
	if b[1]&0x7f == red.PayloadType {
		l.withCopies.Add(1)
	} else {
		l.plain.Add(1)
	}
	return l.on.Load() && l.n.Add(1)%10 < 3
}

// until repeats step, which speaks or waits, until done.
func until(t *testing.T, what string, done func() bool, step func()) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); step() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// A line that loses three packets of ten, in a row, gets copies along, and then the
// server hears every frame. A line that loses none gets none.
func TestLossOnTheWayInIsMended(t *testing.T) {
	s, port := newServer(t, Config{}), newPort(t, 0)
	cable, loss := rtctest.NewCable(t), &burst{}
	cable.Lose(loss.lose)
	var heard atomic.Int64
	var in *Publisher
	p, err := port.Publish(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		in, answer, err = s.AcceptPublisher(offer, func(*rtp.Packet) { heard.Add(1) })
		return cable.Through(answer), err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(); _ = in.Close() })
	frames := uint32(0)
	speak := func() {
		_ = p.WriteOpus([]byte{0x48, byte(frames), 2, 3}, frames*media.FrameSamples, frames == 0)
		frames++
		time.Sleep(time.Millisecond)
	}
	until(t, "a report", func() bool { return p.Unacknowledged() < uint64(frames) }, speak)
	if p.Copies() != 0 || loss.withCopies.Load() != 0 {
		t.Fatalf("%d copies go along without loss", p.Copies())
	}
	loss.on.Store(true)
	until(t, "copies go along", func() bool { return p.Copies() == red.MaxCopies }, speak)
	for range red.MaxCopies {
		speak()
	}
	for time.Sleep(100 * time.Millisecond); loss.n.Load()%10 != 5; { // between bursts
		speak()
	}
	time.Sleep(100 * time.Millisecond)
	before, recovered := heard.Load(), in.Reception().Recovered
	const more = 200
	for range more {
		speak()
	}
	until(t, "all that was said is heard", func() bool { return heard.Load()-before == more }, func() { time.Sleep(10 * time.Millisecond) })
	if n := in.Reception().Recovered - recovered; n < more/5 {
		t.Errorf("%d packets came as copies, want about %d", n, more*3/10)
	}
}

// The same for what the server sends: the listener reports, and the copies are of this
// one line.
func TestLossOnTheWayOutIsMended(t *testing.T) {
	s, port := newServer(t, Config{}), newPort(t, 0)
	cable, loss := rtctest.NewCable(t), &burst{}
	cable.Lose(loss.lose)
	var heard atomic.Int64
	var out *Subscriber
	sub, err := port.Subscribe(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		out, answer, err = s.AcceptSubscriber(offer)
		return cable.Through(answer), err
	}, func(media.Packet) { heard.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close(); _ = out.Close() })
	within(t, "the listener connects", out.connected)
	p := &rtp.Packet{Header: rtp.Header{SSRC: 1}, Payload: []byte{0x48, 1, 2, 3}}
	const pace = 4 * media.SampleRate / 1000
	speak := func() {
		p.SequenceNumber++
		p.Timestamp += pace
		_ = out.WriteRTP(p)
		time.Sleep(pace * time.Second / media.SampleRate) // never faster than sound
	}
	until(t, "it is heard", func() bool { return heard.Load() > 10 }, speak)
	if loss.withCopies.Load() != 0 {
		t.Fatal("copies go along without loss")
	}
	loss.on.Store(true)
	until(t, "copies go along", func() bool { return out.Copies() == red.MaxCopies }, speak)
	for range red.MaxCopies {
		speak()
	}
	until(t, "the burst is over", func() bool { return loss.n.Load()%10 == 5 }, speak)
	time.Sleep(100 * time.Millisecond)
	before := heard.Load()
	const more = 200
	for range more {
		speak()
	}
	until(t, "all that was said is heard", func() bool { return heard.Load()-before == more }, func() { time.Sleep(10 * time.Millisecond) })
	if sub.Reception().Recovered < more/5 {
		t.Errorf("%d packets came as copies", sub.Reception().Recovered)
	}
}

// A peer that does not offer RED gets plain Opus, whatever it reports.
func TestPeerWithoutREDGetsPlainOpus(t *testing.T) {
	s := newServer(t, Config{})
	_, hear := offers(t, newPort(t, 0))
	out, _, err := s.AcceptSubscriber(strings.ReplaceAll(hear, "a=rtpmap:63 red/48000/2\r\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	if out.onRTCP != nil || out.Copies() != 0 {
		t.Error("it reads reports of a peer that has no RED")
	}
}

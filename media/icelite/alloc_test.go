//go:build !race

// The race detector makes sync.Pool drop what it is given, so a batch allocates.

package icelite

import (
	"context"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc/rtctest"
)

func TestForwardingToASubscriberAllocatesNothing(t *testing.T) {
	s, port := newServer(t, Config{PeerTimeout: time.Minute}), newPort(t, time.Minute)
	cable := rtctest.NewCable(t)
	var out *Subscriber
	sub, err := port.Subscribe(t.Context(), func(_ context.Context, offer string) (answer string, err error) {
		out, answer, err = s.AcceptSubscriber(offer)
		return cable.Through(answer), err
	}, func(media.Packet) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Close(); _ = out.Close() })
	within(t, "the listener connects", out.connected)
	cable.Cut() // what the listener allocates does not count
	var b Batch
	p := &rtp.Packet{Header: rtp.Header{SSRC: 1}, Payload: []byte{0x48, 1, 2, 3}}
	if n := testing.AllocsPerRun(1000, func() {
		p.SequenceNumber++
		p.Timestamp += media.FrameSamples
		if err := out.Queue(&b, p); err != nil {
			t.Fatal(err)
		}
		b.Flush()
	}); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

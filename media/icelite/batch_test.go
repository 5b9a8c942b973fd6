package icelite

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// TestABatchReachesEveryListener: more than one system call takes, and one of them gone.
func TestABatchReachesEveryListener(t *testing.T) {
	s, port := newServer(t, Config{}), newPort(t, 0)
	const listeners = 3
	var heard [listeners]atomic.Int64
	var outs []*Subscriber
	for i := range listeners {
		_, out := subscribeTo(t, port, s, func(media.Packet) { heard[i].Add(1) })
		within(t, "the listener connects", out.connected)
		outs = append(outs, out)
	}
	var b Batch
	p := &rtp.Packet{Header: rtp.Header{SSRC: 1}, Payload: []byte{0x48, 1, 2, 3}}
	const packets = batchSize
	for i := range packets {
		p.SequenceNumber++
		p.Timestamp += media.FrameSamples
		for _, out := range outs {
			if err := out.Queue(&b, p); err != nil {
				t.Fatal(err)
			}
		}
		if i%7 == 0 {
			if n := b.Flush(); n != 0 {
				t.Errorf("%d packets could not be sent", n)
			}
		}
	}
	if n := b.Flush(); n != 0 {
		t.Errorf("%d packets could not be sent", n)
	}
	until(t, "all is heard", func() bool {
		return heard[0].Load() == packets && heard[1].Load() == packets && heard[2].Load() == packets
	}, func() { time.Sleep(time.Millisecond) })

	s.closeSockets()
	for _, out := range outs {
		if err := out.Queue(&b, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Flush(); n != listeners {
		t.Errorf("%d of %d packets could not be sent on a closed socket", n, listeners)
	}
	if n := b.Flush(); n != 0 {
		t.Errorf("%d packets of an empty batch could not be sent", n)
	}
}

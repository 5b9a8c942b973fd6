package jitter

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// FuzzBuffer throws any packets at a Buffer. Each input byte group is a packet: how
// many slots sound before it, and how its numbers and its arrival differ from those
// of the one before.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte("\x01\x00\x01\x00\x01\x00\x00"))
	f.Add([]byte("\x01\x01\x01\x00\x01\x00\x00\x00\x00\xff\xff\xff\x00\x00\x02\x00\x02\x00\x01\x10\x00"))
	f.Add([]byte("\x00\x03\x80\x00\x7f\xff\x40\x03\x00\x00\x01\x00\x01\x00\x05\x00\x00\x01\x00\x01\x7f"))
	f.Add([]byte("\x01\x05\x00\x01\x00\x04\x00\x01\x00\x00\x01\x00\x04\x00\x01\x04\x00\x01\x00\x04\x00\x07\x00\x00\x01\x00\x50\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		d := newBench(t)
		var seq uint16
		var ts uint32
		n := uint32(0)
		took := map[uint32]int64{} // payload -> when it was pushed
		for ; len(in) >= 7; in = in[7:] {
			for range in[0] % 8 {
				d.pop()
			}
			seq += binary.BigEndian.Uint16(in[2:])
			ts += uint32(int32(int16(binary.BigEndian.Uint16(in[4:])))) * frame / 4
			if in[1]&2 != 0 {
				ts *= 0x9e3779b1
			}
			took[n] = d.at
			// 20, 60, 10, 2.5 and 5 ms, and several frames a packet: two or three.
			toc := []byte{9 << 3, 11 << 3, 8 << 3, 28 << 3, 29 << 3, 9<<3 | 1, 30<<3 | 1, 9 << 3}[in[1]>>4&7]
			opus := payloadOf(toc, n)
			if in[1]&4 != 0 {
				opus = opus[:1] // a pause
			}
			d.b.Push(media.Packet{
				Seq: seq, Timestamp: ts, Marker: in[1]&1 != 0,
				Arrived: d.when().Add(time.Duration(int8(in[6])) * 10 * time.Millisecond),
				Opus:    opus,
			})
			n++
		}
		// Whatever is held sounds within a bounded time, and then it is silent.
		d.until(d.at + 30*rate)
		if s := d.b.Pop(d.pull()); s.Kind != media.Silence || d.b.queued != 0 {
			t.Fatalf("kind %d with %d packets held 30 s after the last", s.Kind, d.b.queued)
		}
		seen := map[uint32]bool{}
		for i, p := range d.played {
			if seen[p] {
				t.Fatalf("packet %d sounded twice", p)
			}
			seen[p] = true
			if held := d.starts[i] - took[p]; held > 20*rate {
				t.Fatalf("packet %d was held for %d ms", p, held*1000/rate)
			}
		}
		s := d.b.Stats()
		if s.Received != uint64(n) || s.Played != uint64(len(d.played)+d.pauses) {
			t.Fatalf("%d pushed, %d sounded: %+v", n, len(d.played)+d.pauses, s)
		}
		if got := s.Played + s.Refused + s.Duplicates; got > s.Received {
			t.Fatalf("more came out than in: %+v", s)
		}
		free := 0
		for _, ok := d.b.free.take(); ok; _, ok = d.b.free.take() {
			free++
		}
		free += d.b.holds
		if free != capacity {
			t.Fatalf("%d of %d cells left", free, capacity)
		}
	})
}

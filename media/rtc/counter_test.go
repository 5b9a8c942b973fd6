package rtc

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// stream gives a reception packets 20 ms apart; those that late says, late.
func stream(r *Counter, seqs []uint16, late func(i int) time.Duration) {
	for i, seq := range seqs {
		at := time.Duration(i) * 20 * time.Millisecond
		if late != nil {
			at += late(i)
		}
		r.Count(&rtp.Header{SSRC: 7, SequenceNumber: seq, Timestamp: uint32(i * media.FrameSamples)}, at)
	}
}

func numbers(first uint16, n int, without ...int) (seqs []uint16) {
	for i := range n {
		gone := false
		for _, w := range without {
			gone = gone || w == i
		}
		if !gone {
			seqs = append(seqs, first+uint16(i))
		}
	}
	return seqs
}

func TestReceptionCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		seqs           []uint16
		expected, lost uint64
	}{
		"nothing":          {nil, 0, 0},
		"all":              {numbers(100, 50), 50, 0},
		"across the wrap":  {numbers(65530, 50), 50, 0},
		"three lost":       {numbers(65530, 50, 3, 4, 30), 50, 3},
		"reordered":        {[]uint16{1, 3, 2, 4}, 4, 0},
		"a stream anew":    {append(numbers(100, 10), numbers(40000, 10)...), 20, 0},
		"duplicates cover": {[]uint16{1, 2, 2, 4}, 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Counter{}
			stream(r, tc.seqs, nil)
			if got := r.Reception(); got.Expected != tc.expected || got.Lost() != tc.lost {
				t.Errorf("expected %d lost %d, want %d and %d", got.Expected, got.Lost(), tc.expected, tc.lost)
			}
		})
	}
}

func TestReceptionJitter(t *testing.T) {
	even, uneven := &Counter{}, &Counter{}
	stream(even, numbers(1, 500), nil)
	// Every other packet comes 8 ms late, so each step is off by 8 ms.
	stream(uneven, numbers(1, 500), func(i int) time.Duration { return time.Duration(i%2) * 8 * time.Millisecond })
	if j := even.Reception().Jitter; j > 100*time.Microsecond {
		t.Errorf("an even stream has a jitter of %v", j)
	}
	if j := uneven.Reception().Jitter; j < 7*time.Millisecond || j > 9*time.Millisecond {
		t.Errorf("jitter %v, expected about 8ms", j)
	}
}

func TestReportedReceptionStaysWithinWhatCanBe(t *testing.T) {
	for name, tc := range map[string]struct {
		report rtcp.ReceptionReport
		want   media.Reception
	}{
		"some lost": {rtcp.ReceptionReport{LastSequenceNumber: 149, TotalLost: 5, Jitter: 480},
			media.Reception{Expected: 50, Received: 45, Jitter: 10 * time.Millisecond}},
		"more than was sent":       {rtcp.ReceptionReport{LastSequenceNumber: 1 << 31, TotalLost: 1 << 22}, media.Reception{Expected: 200}},
		"more than nothing":        {rtcp.ReceptionReport{LastSequenceNumber: 149, TotalLost: 1<<24 - 3}, media.Reception{Expected: 50, Received: 50}},
		"before the first was out": {rtcp.ReceptionReport{LastSequenceNumber: 20}, media.Reception{Expected: 200, Received: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Publication{first: 100}
			if got := *p.farReception(tc.report, 200); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

// Both ends of a real session come to know what was lost between them, and how
// long the way is.
func TestBothEndsKnowTheQuality(t *testing.T) {
	hub, port := newEngine(t, Config{}), newEngine(t, Config{})
	var heard atomic.Int64
	p, s := publishTo(t, port, hub, func(*rtp.Packet) { heard.Add(1) })
	const sent, lost = 100, 10
	for i := range sent {
		if i > 0 && i%10 == 5 { // one that never leaves
			p.header.SequenceNumber++
			p.sent.Add(1)
			continue
		}
		if err := p.WriteOpus(make([]byte, 20), uint32(i*media.FrameSamples), i == 0); err != nil {
			t.Fatal(err)
		}
	}
	for heard.Load() < sent-lost {
		time.Sleep(time.Millisecond)
	}
	if got := s.stream.Reception(); got.Expected != sent || got.Lost() != lost {
		t.Errorf("the hub counts %+v, want %d lost of %d", got, lost, sent)
	}
	for deadline := time.Now().Add(time.Minute); p.Reception().Expected == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the port was never told")
		}
	}
	if got := p.Reception(); got.Expected != sent || got.Lost() != lost {
		t.Errorf("the port is told %+v, want %d lost of %d", got, lost, sent)
	}
	for deadline := time.Now().Add(time.Minute); p.RTT() <= 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the way was never measured")
		}
	}
}

// Whatever comes, the counts stay within what can be.
func FuzzReception(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 5, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Counter{}
		for i := 0; i+1 < len(b); i += 2 {
			r.Count(&rtp.Header{SequenceNumber: uint16(b[i])<<8 | uint16(b[i+1]), Timestamp: uint32(b[i]) << 24, Marker: b[i] == 7},
				time.Duration(i)*time.Millisecond)
			got := r.Reception()
			if got.Received > uint64(len(b)) || got.Lost() > got.Expected || got.Jitter < 0 {
				t.Fatalf("%+v after %d packets", got, i/2+1)
			}
		}
		_ = r.block(r.Reception(), r.Reception())
	})
}

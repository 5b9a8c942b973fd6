package livekit

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// hearing is a filter and the sequence numbers it let out.
type hearing struct {
	floorFilter
	got []uint16
}

func newHearing() *hearing {
	h := &hearing{floorFilter: floorFilter{floor: floor.View[redis.Holder]{Lease: viewLease}}}
	h.out = func(p *rtp.Packet, _ time.Time) { h.got = append(h.got, p.SequenceNumber) }
	return h
}

func (h *hearing) floor(who string) {
	v := redis.FloorView{Known: true, ReadAt: time.Now(), TTL: 3 * time.Second}
	if who != "" {
		v.Holder = &redis.Holder{UserID: who}
	}
	_ = h.apply(v)
}

// says lets a stream say n frames, 20 ms apart, from sequence number seq.
func says(s *stream, seq uint16, n int) {
	for i := range n {
		s.receive(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq + uint16(i), Marker: i == 0}, Payload: []byte{1}}, time.Now())
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAFilterHearsTheHolderOnly(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(h *hearing, a, b *stream)
		want int
	}{
		{"nobody has the floor", func(_ *hearing, a, _ *stream) { says(a, 0, 50) }, 0},
		{"the holder", func(h *hearing, a, _ *stream) { h.floor("a"); says(a, 0, 50) }, 50},
		{"another", func(h *hearing, _, b *stream) { h.floor("a"); says(b, 0, 50) }, 0},
		{"what comes before the news waits", func(h *hearing, a, _ *stream) { says(a, 0, 5); h.floor("a"); says(a, 5, 5) }, 10},
		{"but not for longer than its hold", func(h *hearing, a, _ *stream) { says(a, 0, 5); time.Sleep(2 * hold); h.floor("a") }, 0},
		{"of one who goes on and on, the newest", func(h *hearing, a, _ *stream) { says(a, 0, 100); h.floor("a") }, int(hold / (20 * time.Millisecond))},
		{"an earlier spurt is not waited for", func(h *hearing, a, _ *stream) { says(a, 0, 2); says(a, 2, 2); h.floor("a") }, 2},
		{"the last of a spurt trails", func(h *hearing, a, _ *stream) { h.floor("a"); says(a, 0, 5); h.floor(""); says(a, 5, 5) }, 5 + int(hangover/(20*time.Millisecond))},
		{"but not into another's", func(h *hearing, a, _ *stream) { h.floor("a"); says(a, 0, 5); h.floor("b"); says(a, 5, 5) }, 5},
		{"a view runs out", func(h *hearing, a, _ *stream) { h.floor("a"); says(a, 0, 200) }, int(viewLease / (20 * time.Millisecond))},
		{"an unknown floor changes nothing", func(h *hearing, a, _ *stream) { h.floor("a"); _ = h.apply(redis.FloorView{}); says(a, 0, 5) }, 5},
		{"an older reading is passed over", func(h *hearing, a, _ *stream) {
			old := time.Now()
			time.Sleep(time.Millisecond)
			h.floor("a")
			_ = h.apply(redis.FloorView{Known: true, ReadAt: old})
			says(a, 0, 5)
			time.Sleep(hangover)
			says(a, 5, 5)
		}, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHearing()
				a, b := h.add(func() string { return "a" }), h.add(func() string { return "b" })
				tc.do(h, a, b)
				// At an edge one more or less is as good.
				if n := len(h.got); n < tc.want || n > tc.want+1 || (tc.want == 0 && n > 0) {
					t.Errorf("%d packets were let out, want %d: %v", n, tc.want, h.got)
				}
			})
		})
	}
}

func TestAFilterRefusesAnOvertakenTalker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHearing()
		a, b := h.add(func() string { return "a" }), h.add(func() string { return "b" })
		hold := func(who string, epoch uint64) error {
			return h.apply(redis.FloorView{Known: true, ReadAt: time.Now(), TTL: -1, Holder: &redis.Holder{UserID: who, Epoch: epoch}})
		}
		if err := hold("b", 9); err != nil {
			t.Fatal(err)
		}
		says(b, 0, 5)
		if err := hold("a", 8); err == nil {
			t.Error("an overtaken grant is not reported")
		}
		says(a, 0, 20)
		says(b, 5, 5)
		if len(h.got) != 5 {
			t.Errorf("let out %v, want the five packets of the newest grant", h.got)
		}
	})
}

// Whose a stream is may be known later than its first packet.
func TestAFilterAsksWhoseAStreamIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, who := newHearing(), ""
		s := h.add(func() string { return who })
		h.floor("a")
		says(s, 0, 3)
		who = "a"
		says(s, 3, 3)
		if len(h.got) == 0 || h.got[0] != 3 {
			t.Errorf("let out: %v", h.got)
		}
	})
}

func TestAFilterAllocatesNothing(t *testing.T) {
	h := &hearing{floorFilter: floorFilter{floor: floor.View[redis.Holder]{Lease: viewLease}}}
	h.out = func(*rtp.Packet, time.Time) {}
	a, b := h.add(func() string { return "a" }), h.add(func() string { return "b" })
	h.floor("a")
	p := &rtp.Packet{Payload: make([]byte, 80)}
	if n := testing.AllocsPerRun(1000, func() {
		p.SequenceNumber++
		a.receive(p, time.Now())
		b.receive(p, time.Now())
	}); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

package red

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

const opusType = 111

// frameOf is the packet number n of a stream.
func frameOf(n int) []byte { return []byte{0x48, byte(n), byte(n >> 8), 7} }

// numbers receives packets and lists the numbers of those that are handed on.
type numbers struct {
	*Receiver
	got []int
}

func newNumbers(t *testing.T, firstSeq uint16) *numbers {
	n := &numbers{}
	n.Receiver = NewReceiver(opusType, PayloadType, func(p Packet) {
		i := int(p.Opus[1]) | int(p.Opus[2])<<8
		if p.Seq != firstSeq+uint16(i) || p.Timestamp != uint32(i)*960 {
			t.Errorf("packet %d has number %d and timestamp %d", i, p.Seq-firstSeq, p.Timestamp)
		}
		n.got = append(n.got, i)
	})
	return n
}

// transmit sends count packets with so many copies over a network that loses some.
func transmit(t *testing.T, count, copies int, lost func(i int) bool) (got []int, bytesSent int) {
	t.Helper()
	s := Sender{Opus: opusType}
	const firstSeq = 65530 // it wraps
	r := newNumbers(t, firstSeq)
	for i := range count {
		payload, isRED := s.Next(frameOf(i), uint32(i)*960, i == 0, copies)
		bytesSent += len(payload)
		if lost(i) {
			continue
		}
		pt := uint8(opusType)
		if isRED {
			pt = PayloadType
		}
		if !r.Receive(pt, Packet{Seq: firstSeq + uint16(i), Timestamp: uint32(i) * 960, Opus: payload}) {
			t.Fatalf("packet %d is refused", i)
		}
	}
	return r.got, bytesSent
}

func sequence(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

func TestBurstIsRecoveredWhole(t *testing.T) {
	for copies := 1; copies <= MaxCopies; copies++ {
		got, _ := transmit(t, 300, copies, func(i int) bool { return i%10 >= 10-copies })
		if want := sequence(0, 290+10-copies); !slices.Equal(got, want) {
			t.Errorf("%d copies, bursts of as many: got %v", copies, got)
		}
		got, _ = transmit(t, 300, copies, func(i int) bool { return i%10 >= 10-copies-1 })
		if len(got) != 300-30-copies { // one of each burst, and the end of the last
			t.Errorf("%d copies, bursts of one more: %d packets", copies, len(got))
		}
		if !slices.IsSorted(got) {
			t.Errorf("%d copies: out of order: %v", copies, got)
		}
	}
}

func TestNoLossCostsNothing(t *testing.T) {
	got, sent := transmit(t, 100, 0, func(int) bool { return false })
	if want := 100 * len(frameOf(0)); len(got) != 100 || sent != want {
		t.Errorf("%d packets in %d bytes, want 100 in %d", len(got), sent, want)
	}
	var d Depth
	for range 100 {
		d.Report(0)
		if d.Copies() != 0 {
			t.Fatal("copies without loss")
		}
	}
}

func TestDepthFollowsLoss(t *testing.T) {
	var d Depth
	for _, step := range []struct {
		loss float64
		want int
	}{
		{0.004, 0}, {0.02, 1}, {0.1, 2}, {0.3, 4}, {0.1, 3}, {0.1, 2}, {0, 1}, {0.01, 0}, {0, 0}, {1, 4},
	} {
		if d.Report(step.loss); d.Copies() != step.want {
			t.Errorf("after a report of %v: %d copies, want %d", step.loss, d.Copies(), step.want)
		}
	}
}

// What was said in a talk spurt before does not come again in the next: its right to
// be heard has ended.
func TestCopiesStayInTheirTalkSpurt(t *testing.T) {
	s := Sender{Opus: opusType}
	for i := range 5 {
		s.Next([]byte{1, byte(i)}, uint32(i)*960, i == 0, MaxCopies)
	}
	payload, isRED := s.Next([]byte{2, 0}, 5*960, true, MaxCopies)
	if isRED || !bytes.Equal(payload, []byte{2, 0}) {
		t.Errorf("the first packet of a talk spurt is %x", payload)
	}
	if payload, _ = s.Next([]byte{2, 1}, 6*960, false, MaxCopies); bytes.Count(payload, []byte{1}) > 1 {
		t.Errorf("the second has copies of the talk spurt before: %x", payload)
	}
}

func TestOutOfOrderAndTwice(t *testing.T) {
	s := Sender{Opus: opusType}
	r := newNumbers(t, 0)
	var sent []Packet
	for i := range 20 {
		payload, isRED := s.Next(frameOf(i), uint32(i)*960, i == 0, 2)
		if isRED != (i > 0) {
			t.Fatalf("packet %d: RED is %v", i, isRED)
		}
		sent = append(sent, Packet{Seq: uint16(i), Timestamp: uint32(i) * 960, Opus: slices.Clone(payload)})
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	for range 2 {
		for _, p := range sent {
			pt := uint8(PayloadType)
			if p.Seq == 0 {
				pt = opusType
			}
			r.Receive(pt, p)
		}
	}
	slices.Sort(r.got)
	if !slices.Equal(r.got, sequence(0, 20)) {
		t.Errorf("got %v, want each once", r.got)
	}
}

// A sender that starts again with a lower number is heard, and mended, as before.
func TestStreamThatBeginsAnew(t *testing.T) {
	s := Sender{Opus: opusType}
	var got []uint16
	r := NewReceiver(opusType, PayloadType, func(p Packet) { got = append(got, p.Seq) })
	r.Receive(opusType, Packet{Seq: 5000, Opus: []byte{1}})
	for i := range 20 {
		payload, isRED := s.Next(frameOf(i), uint32(i)*960, i == 0, 2)
		if i == 10 {
			continue
		}
		r.Receive(map[bool]uint8{false: opusType, true: PayloadType}[isRED], Packet{Seq: uint16(i), Timestamp: uint32(i) * 960, Opus: payload})
	}
	want := []uint16{5000}
	for i := range uint16(20) {
		want = append(want, i)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// A packet that is large has fewer copies with it, and none that is cut.
func TestLargePacketsFit(t *testing.T) {
	s := Sender{Opus: opusType}
	for i, size := range []int{400, 400, 400, 1275, 60, 60, 900, 60, 60} {
		payload, _ := s.Next(bytes.Repeat([]byte{byte(i + 1)}, size), uint32(i)*960, i == 0, MaxCopies)
		if len(payload) > max(size, MaxRate/8/50) {
			t.Errorf("packet %d of %d bytes became %d", i, size, len(payload))
		}
	}
}

func TestWhatIsNotREDIsRefused(t *testing.T) {
	r := NewReceiver(opusType, PayloadType, func(Packet) { t.Error("handed on") })
	for _, b := range [][]byte{nil, {0x80}, {opusType}, {0x80 | opusType, 0, 4, 9, opusType, 1}, {8, 1, 2}, {0x80 | 8, 0, 4, 1, opusType, 1, 2}} {
		if r.Receive(PayloadType, Packet{Opus: b}) {
			t.Errorf("%x is accepted", b)
		}
	}
	if NewReceiver(opusType, 0, nil).Receive(0, Packet{Opus: []byte{opusType, 1}}) {
		t.Error("RED is accepted where none was negotiated")
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	s := Sender{Opus: opusType}
	r := NewReceiver(opusType, PayloadType, func(Packet) {})
	i := 0
	frame := make([]byte, 60)
	step := func() {
		payload, isRED := s.Next(frame, uint32(i)*960, false, MaxCopies)
		pt := uint8(opusType)
		if isRED {
			pt = PayloadType
		}
		if i%3 == 0 {
			r.Receive(pt, Packet{Seq: uint16(i), Timestamp: uint32(i) * 960, Opus: payload})
		}
		i++
	}
	for range 10 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

// FuzzReceiver hands a Receiver any packets. It hands on none of a number twice
// within its window, and nothing that is empty.
func FuzzReceiver(f *testing.F) {
	s := Sender{Opus: opusType}
	var good []byte
	for i := range 4 {
		payload, _ := s.Next(frameOf(i), uint32(i)*960, i == 0, 3)
		good = append(append(good, 1, byte(i), byte(len(payload))), payload...)
	}
	f.Add(good)
	f.Add([]byte{1, 0, 4, 0x80 | opusType, 0, 4, 1})
	f.Add([]byte{1, 200, 6, 0x80 | opusType, 0xff, 0xfc, 1, opusType, 9, 0, 3, 2, 1, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		var last []uint16
		r := NewReceiver(opusType, PayloadType, func(p Packet) {
			if slices.Contains(last, p.Seq) {
				t.Fatalf("number %d twice", p.Seq)
			}
			if last = append(last, p.Seq); len(last) > window/2 {
				last = last[1:]
			}
		})
		for len(in) >= 3 {
			n := min(int(in[2]), len(in)-3)
			pt := uint8(opusType)
			if in[0]&1 != 0 {
				pt = PayloadType
			}
			// Steps of less than the window: a jump begins anew.
			r.Receive(pt, Packet{Seq: r.highest + uint16(in[1]%16) - 8, Timestamp: 1, Opus: in[3 : 3+n]})
			in = in[3+n:]
		}
	})
}

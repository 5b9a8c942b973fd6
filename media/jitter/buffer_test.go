package jitter

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// bench is a Buffer with a device that pulls a slot when the last has sounded.
type bench struct {
	t       testing.TB
	b       *Buffer
	at      int64    // samples
	played  []uint32 // payloads, in the order they sounded
	starts  []int64  // when
	firsts  []uint32
	conceal int
	fec     []uint32 // payloads offered for their in-band FEC
	pauses  int      // packets that say so
	comfort int
}

// payload is a packet of 20 ms that carries n.
func payload(n uint32) []byte { return payloadOf(9<<3, n) }

// payloadOf is one with another TOC byte.
func payloadOf(toc byte, n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{toc}, n) }

func number(opus []byte) uint32 { return binary.BigEndian.Uint32(opus[1:]) }

func newBench(t testing.TB) *bench { return &bench{t: t, b: New(Config{})} }

// push hands over a packet that arrives now and carries n.
func (d *bench) push(n uint32, seq uint16, ts uint32, marker bool) {
	d.b.Push(media.Packet{
		Seq: seq, Timestamp: ts, Marker: marker,
		Arrived: d.when(), Opus: payload(n),
	})
}

func (d *bench) when() time.Time { return d.b.epoch.Add(time.Duration(d.at) * time.Second / rate) }

func (d *bench) pull() media.Pull { return media.Pull{At: d.when(), Samples: idle} }

// pop sounds one slot.
func (d *bench) pop() media.Slot {
	s := d.b.Pop(d.pull())
	switch s.Kind {
	case media.Play:
		if media.Pause(s.Opus) {
			d.pauses++
			break
		}
		n := number(s.Opus)
		d.played = append(d.played, n)
		d.starts = append(d.starts, d.at)
		for _, opus := range s.More {
			d.played = append(d.played, number(opus))
			d.starts = append(d.starts, d.at)
		}
		if s.First {
			d.firsts = append(d.firsts, n)
		}
	case media.Comfort:
		d.comfort++
	case media.Conceal:
		d.conceal++
		if s.Opus != nil && !media.Pause(s.Opus) {
			d.fec = append(d.fec, number(s.Opus))
		}
	}
	if s.Samples < 1 || s.Samples > media.MaxStretched {
		d.t.Fatalf("a slot of %d samples", s.Samples)
	}
	d.at += int64(s.Samples)
	return s
}

// until sounds slots until a time, samples.
func (d *bench) until(at int64) {
	for d.at < at {
		d.pop()
	}
}

func (d *bench) wantPlayed(want ...uint32) {
	d.t.Helper()
	if !slices.Equal(d.played, want) {
		d.t.Errorf("played %v, want %v", d.played, want)
	}
}

func numbers(from, to uint32) (ns []uint32) {
	for ; from < to; from++ {
		ns = append(ns, from)
	}
	return ns
}

func TestWholeSpurtIsPlayed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		preRoll uint32
		seq     uint16
		ts      uint32
		marker  bool
	}{
		{"marked", 0, 7, 1000, true},
		{"not marked", 0, 7, 1000, false},
		{"pre-roll", 12, 7, 1000, true},
		{"long pre-roll", 60, 7, 1000, true},
		{"sequence wraps", 5, 65530, 1000, true},
		{"timestamp wraps", 5, 7, 1<<32 - 4000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newBench(t)
			d.until(rate / 3)
			start := d.at
			for n := range uint32(100) {
				if n > tt.preRoll {
					d.until(start + int64(n-tt.preRoll)*frame)
				}
				d.push(n, tt.seq+uint16(n), tt.ts+n*frame, tt.marker && n == 0)
			}
			d.until(d.at + 3*rate)
			d.wantPlayed(numbers(0, 100)...)
			if !slices.Equal(d.firsts, []uint32{0}) {
				t.Errorf("first frames %v, want the first alone", d.firsts)
			}
			if d.conceal > maxConceal {
				t.Errorf("%d slots concealed, want the %d after the end at most", d.conceal, maxConceal)
			}
		})
	}
}

// The next talker has other numbers; the tail of the one before is still played.
func TestTalkersFollowEachOther(t *testing.T) {
	d := newBench(t)
	n := uint32(0)
	for talker := range uint32(5) {
		start := d.at
		for i := range uint32(20) {
			d.until(start + int64(i)*frame)
			d.push(n, uint16(talker*20011+i), talker*0x3fffffff+i*frame, i == 0)
			n++
		}
	}
	d.until(d.at + rate)
	d.wantPlayed(numbers(0, n)...)
	if want := []uint32{0, 20, 40, 60, 80}; !slices.Equal(d.firsts, want) {
		t.Errorf("first frames %v, want %v", d.firsts, want)
	}
	if s := d.b.Stats(); s.Spurts != 5 || s.Played != uint64(n) || s.Lost+s.Late+s.Duplicates+s.Refused != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A marker starts a spurt even where the numbers go on, as a hub's may; so does a
// pause in which the sender's clock stood still, which must not count as delay.
func TestSpurtsWithoutNewNumbers(t *testing.T) {
	for name, marker := range map[string]bool{"marker": true, "pause": false} {
		t.Run(name, func(t *testing.T) {
			d := newBench(t)
			for n := range uint32(100) {
				if n == 50 {
					d.until(d.at + 3*rate)
				}
				d.push(n, uint16(n), n*frame, marker && n%50 == 0)
				d.until(d.at + frame)
			}
			d.until(d.at + rate)
			d.wantPlayed(numbers(0, 100)...)
			if want := []uint32{0, 50}; !slices.Equal(d.firsts, want) {
				t.Errorf("first frames %v, want %v", d.firsts, want)
			}
			if s := d.b.Stats(); s.Late != 0 || s.Delay > 60*time.Millisecond {
				t.Errorf("stats %+v: the pause was taken for delay", s)
			}
		})
	}
}

// The last packet of a talker may come after the first of the next.
func TestStragglerKeepsItsPlace(t *testing.T) {
	d := newBench(t)
	for n := range uint32(19) {
		d.push(n, uint16(n), n*frame, n == 0)
		d.until(d.at + frame)
	}
	d.push(20, 5000, 777777, true)
	d.push(19, 19, 19*frame, false)
	d.push(21, 5001, 777777+frame, false)
	d.until(d.at + rate)
	d.wantPlayed(numbers(0, 22)...)
}

// Catching up is quick but stays intelligible.
func TestPreRollIsNotRushed(t *testing.T) {
	d := newBench(t)
	for n := range uint32(100) {
		d.push(n, uint16(n), n*frame, n == 0)
	}
	d.until(d.at + 3*rate)
	took := d.starts[99] - d.starts[0]
	if took < 99*frame*7/10 || took > 99*frame*9/10 {
		t.Errorf("99 frames sounded for %d ms, want 70 to 90 %% of %d", took*1000/rate, 99*20)
	}
}

// What is lost is concealed once, with the packet after it; what comes twice or out
// of order sounds once and in order.
func TestLossReorderDuplicates(t *testing.T) {
	d := newBench(t)
	start := d.at
	deliver := map[uint32][]uint32{
		10: {}, 11: {11}, // 10 is lost
		20: {}, 21: {21, 20}, // 20 comes after 21
		29: {}, 30: {30, 30, 29},
		35: {35, 10, 10, 34}, // too late for 10, and 34 was there
	}
	for i := range uint32(40) {
		d.until(start + int64(i)*frame)
		ns, special := deliver[i]
		if !special {
			ns = []uint32{i}
		}
		for _, n := range ns {
			d.push(n, uint16(n), n*frame, false)
		}
	}
	d.until(d.at + rate)
	d.wantPlayed(append(numbers(0, 10), numbers(11, 40)...)...)
	if !slices.Equal(d.fec, []uint32{11}) {
		t.Errorf("FEC asked of %v, want of 11", d.fec)
	}
	s := d.b.Stats()
	if s.Lost != 0 || s.Reordered != 5 || s.Duplicates != 3 || s.Late != 1 {
		t.Errorf("stats %+v", s)
	}
}

// A stall delays speech, it does not swallow it, and the delay goes away again.
func TestSpikeIsCaughtUp(t *testing.T) {
	d := newBench(t)
	start := d.at
	var before, after time.Duration
	for i := range uint32(400) {
		d.until(start + int64(i)*frame)
		switch {
		case i == 150:
			before = d.b.Stats().Delay
		case i > 200 && i < 220: // nothing arrives for 400 ms
			continue
		case i == 220:
			for n := uint32(201); n < 220; n++ {
				d.push(n, uint16(n), n*frame, false)
			}
		case i == 399:
			after = d.b.Stats().Delay
		}
		d.push(i, uint16(i), i*frame, i == 0)
	}
	d.until(d.at + rate)
	d.wantPlayed(numbers(0, 400)...)
	if after > before+20*time.Millisecond {
		t.Errorf("delay %v, want about the %v before the stall", after, before)
	}
	if late := d.b.Stats().Late; late == 0 {
		t.Error("no packet counted as late")
	}
}

// Silence that is not sent (DTX) is neither lost nor speech.
func TestDTX(t *testing.T) {
	d := newBench(t)
	start := d.at
	n := uint32(0)
	for i := range uint32(200) {
		d.until(start + int64(i)*frame)
		if i >= 50 && i < 150 && i%20 != 0 {
			continue
		}
		d.push(n, uint16(n), i*frame, i == 0)
		n++
	}
	d.until(d.at + rate)
	d.wantPlayed(numbers(0, n)...)
	if s := d.b.Stats(); s.Lost != 0 || s.Late != 0 || s.Spurts != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestRefusesWhatIsNoPacket(t *testing.T) {
	d := newBench(t)
	for _, opus := range [][]byte{nil, make([]byte, media.MaxOpusFrame+2), {9<<3 | 1, 0}, {9<<3 | 3, 7, 0}} {
		d.b.Push(media.Packet{Opus: opus, Arrived: d.when()})
	}
	for n := range uint32(3 * capacity) { // nobody pops
		d.push(n, uint16(n), n*frame, false)
	}
	if s := d.b.Stats(); s.Refused != 4+2*capacity {
		t.Errorf("refused %d, want %d", s.Refused, 4+2*capacity)
	}
	d.until(d.at + 5*rate)
	d.wantPlayed(numbers(0, capacity)...)
}

func TestPacketsDoNotAllocate(t *testing.T) {
	b := New(Config{})
	at, n := b.epoch, uint32(0)
	p := media.Packet{Opus: make([]byte, 80)}
	if a := testing.AllocsPerRun(2000, func() {
		p.Seq, p.Timestamp, p.Arrived = uint16(n*7/6), n*7/6*frame, at
		b.Push(p)
		b.Pop(media.Pull{At: at, Samples: frame})
		at, n = at.Add(media.FrameDuration), n+1
	}); a != 0 {
		t.Errorf("%v allocations a packet, want 0", a)
	}
}

// Network and playout goroutines need nothing but the queue between them.
func TestGoroutines(t *testing.T) {
	b := New(Config{})
	const total = 20000
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range uint32(total) {
			at := b.epoch.Add(time.Duration(n) * media.FrameDuration)
			b.Push(media.Packet{Seq: uint16(n), Timestamp: n * frame, Arrived: at,
				Opus: payload(n)})
		}
	}()
	at, last := b.epoch, int64(-1)
	for pushing := true; pushing || b.queued > 0; {
		select {
		case <-done:
			pushing = false // what is in the ring by now, Pop takes
		default:
		}
		s := b.Pop(media.Pull{At: at, Samples: frame})
		at = at.Add(time.Duration(s.Samples) * time.Second / rate)
		if s.Kind == media.Play {
			n := int64(number(s.Opus))
			if n <= last {
				t.Fatalf("played %d after %d", n, last)
			}
			last = n
		}
	}
	s := b.Stats()
	if s.Received != total || s.Played+s.Refused+s.Late != total {
		t.Errorf("%+v: packets went missing between the goroutines", s)
	}
}

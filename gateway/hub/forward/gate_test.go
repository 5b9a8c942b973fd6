package forward

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"github.com/talkgate/talkgate/media"
)

const hold = 200 * time.Millisecond

// bench drives a gate with a clock of its own.
type bench struct {
	t    testing.TB
	gate gate
	now  time.Time
	id   uint32
}

func newBench(t testing.TB) *bench {
	return &bench{t: t, gate: gate{hold: hold}, now: time.UnixMilli(0)}
}

func (b *bench) wait(d time.Duration) { b.now = b.now.Add(d) }

// push sends a packet with a payload that is its number, and returns that.
func (b *bench) push(s *Source, seq uint16, marker bool) (uint32, Verdict) {
	b.id++
	return b.send(s, seq, marker, binary.BigEndian.AppendUint32([]byte{0xF8}, b.id)) // 20 ms
}

func (b *bench) send(s *Source, seq uint16, marker bool, payload []byte) (uint32, Verdict) {
	p := &rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(seq) * 960, Marker: marker}, Payload: payload}
	v, _ := b.gate.push(s, b.now, p)
	return b.id, v
}

// talk sends n packets, 20 ms apart, from seq on.
func (b *bench) talk(s *Source, seq uint16, n int) {
	for i := range n {
		b.push(s, seq+uint16(i), i == 0)
		b.wait(media.FrameDuration)
	}
}

func (b *bench) admit(s *Source, epoch uint64, d time.Duration) {
	b.gate.admit(s, Grant{UserID: s.UserID, Epoch: epoch}, b.now.Add(d))
}

// out is all that may go out now.
func (b *bench) out() (seqs []uint16, packets []Outgoing) {
	var o Outgoing
	for b.gate.next(b.now, &o) {
		seqs = append(seqs, o.SequenceNumber)
		packets = append(packets, o)
	}
	return seqs, packets
}

func (b *bench) want(what string, want ...uint16) {
	b.t.Helper()
	got, packets := b.out()
	if len(got) != len(want) {
		b.t.Fatalf("%s: %v went out, want %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			b.t.Fatalf("%s: %v went out, want %v", what, got, want)
		}
		if packets[i].Timestamp != uint32(got[i])*960 {
			b.t.Fatalf("%s: packet %d has timestamp %d", what, got[i], packets[i].Timestamp)
		}
	}
}

func newSource(user string) *Source { return &Source{UserID: user} }

func TestGateHoldsBackUntilConfirmed(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.talk(a, 10, 3)
	b.want("before the grant")
	b.admit(a, 1, time.Second)
	b.want("after the grant", 10, 11, 12)
	b.push(a, 13, false)
	b.want("in the spurt", 13)
	b.want("again")
}

func TestGateForgetsWhatWasNotConfirmedInTime(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.talk(a, 0, 20) // 400 ms
	b.admit(a, 1, time.Second)
	b.want("a run that waited in vain is not flushed")
	b.push(a, 20, false)
	b.want("from the grant on it is heard", 20)
}

func TestGateForgetsARunThatEndedUnconfirmed(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.talk(a, 0, 5)
	b.wait(hold - 40*time.Millisecond)
	b.admit(a, 1, time.Second)
	b.want("its end is not heard without its beginning")
	b.push(a, 9, true)
	b.want("the next run is heard", 9)
}

func TestGateShutsWithTheView(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, 100*time.Millisecond)
	b.push(a, 0, true)
	b.want("in time", 0)
	b.wait(100 * time.Millisecond)
	b.push(a, 1, false)
	b.want("the view has run out")
	b.admit(a, 1, 100*time.Millisecond)
	b.want("it is renewed", 1)
}

func TestGateForgetsTheRunThatWasHeard(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	b.push(a, 0, true)
	b.want("in the spurt", 0)
	b.push(a, 1, false)
	b.gate.shut()
	b.push(a, 2, false)
	b.want("shut")
	b.admit(a, 2, time.Second)
	b.want("what was said without the floor is not heard with the next grant")
	b.push(a, 3, false)
	b.want("what is said now is", 3)
}

// A port that presses again sends at once; the news of its release and its new
// grant may both be later than that.
func TestGateKeepsTheNextRun(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	b.push(a, 0, true)
	b.want("first spurt", 0)
	b.wait(media.FrameDuration)
	b.push(a, 7, true)
	b.gate.shut()
	b.push(a, 8, false)
	b.admit(a, 2, time.Second)
	b.want("second spurt, whole", 7, 8)
}

func TestGateForgetsAnUnconfirmedRunWhenTheNextBegins(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.talk(a, 0, 2)
	b.push(a, 10, true)
	b.admit(a, 1, time.Second)
	b.want("the run that was granted", 10)
	b.push(a, 11, false)
	b.push(a, 12, true)
	b.want("what waits to be written is not forgotten", 11, 12)
}

func TestGateLetsNobodyElseThrough(t *testing.T) {
	b, a, c := newBench(t), newSource("a"), newSource("c")
	b.admit(a, 1, time.Second)
	b.push(c, 100, true)
	b.push(a, 0, true)
	b.want("of both", 0)
	b.admit(c, 2, time.Second)
	b.push(a, 1, false)
	b.want("after the floor changed hands", 100)
}

func TestGateMarksSpurts(t *testing.T) {
	b, a := newBench(t), newSource("a")
	for epoch := range uint64(3) {
		b.admit(a, epoch+1, time.Second)
		b.push(a, uint16(epoch*2), false)
		b.push(a, uint16(epoch*2+1), true)
		_, packets := b.out()
		for i, p := range packets {
			if p.Marker != (i == 0) || p.SSRC != uint32(epoch+1) {
				t.Errorf("spurt %d, packet %d: marker %v, SSRC %d", epoch, i, p.Marker, p.SSRC)
			}
		}
	}
}

func TestGateMendsOrder(t *testing.T) {
	b, a := newBench(t), newSource("a")
	for _, seq := range []uint16{65535, 1, 0, 1, 65534, 3, 2} {
		b.push(a, seq, false)
	}
	b.admit(a, 1, time.Second)
	b.want("held back", 65534, 65535, 0, 1, 2, 3)
	b.push(a, 65533, false)
	b.want("what would come before the first")
	b.push(a, 5, false)
	b.push(a, 4, false)
	b.want("while open", 4, 5)
}

func TestGateRefusesWhatIsNoOpus(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	for _, payload := range [][]byte{nil, make([]byte, media.MaxOpusPacket+1), {0xFB}, {0xFB, 0}, {0xFB, 7}} {
		if v, _ := b.gate.push(a, b.now, &rtp.Packet{Payload: payload}); v != Malformed {
			t.Errorf("%d bytes: %v", len(payload), v)
		}
	}
	b.want("nothing")
}

func TestGateBoundsWhatItHolds(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.gate.hold = time.Minute
	for i := range 3 * holdPackets {
		b.push(a, uint16(i), i == 0)
		b.wait(media.FrameDuration)
	}
	b.admit(a, 1, time.Second)
	seqs, _ := b.out()
	if len(seqs) != holdPackets || seqs[0] != 2*holdPackets || seqs[holdPackets-1] != 3*holdPackets-1 {
		t.Errorf("%d held, %v", len(seqs), seqs)
	}
}

func TestGateRefusesAFlood(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Hour)
	out := 0
	flood := func(n int) {
		for range n {
			b.push(a, uint16(b.id), false)
			seqs, _ := b.out()
			out += len(seqs)
		}
	}
	flood(1000)
	if want := holdPackets * overspeed; out != int(want) {
		t.Errorf("%d packets of a burst went out, want %v", out, want)
	}
	b.wait(2 * time.Second)
	out = 0
	for range 100 {
		flood(100)
		b.wait(10 * time.Millisecond)
	}
	if want := (holdPackets + 50) * 5 / 4; out < want-2 || out > want+2 {
		t.Errorf("%d packets of a flood of a second went out, want about %d", out, want)
	}
}

// The rate is one of sound: short frames are many packets, long ones are few.
func TestGateCountsSoundNotPackets(t *testing.T) {
	for frame, toc := range map[time.Duration][]byte{
		2500 * time.Microsecond: {16 << 3}, 5 * time.Millisecond: {17 << 3}, 10 * time.Millisecond: {30 << 3},
		60 * time.Millisecond: {11 << 3}, 120 * time.Millisecond: {31<<3 | 3, 6},
	} {
		b, a := newBench(t), newSource("a")
		b.admit(a, 1, time.Hour)
		payload := slices.Concat(toc, make([]byte, 6))
		for i := range 10 * time.Second / frame {
			if _, v := b.send(a, uint16(i), i == 0, payload); v != Accepted {
				t.Fatalf("frames of %v: packet %d is %v", frame, i, v)
			}
			b.out()
			b.wait(frame)
		}
	}
}

// What is on its way when the floor is given back is heard, and nothing that begins
// later, until it has a grant of its own.
func TestGateTrails(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	b.talk(a, 0, 2)
	b.want("in the spurt", 0, 1)
	b.gate.beginHangover()
	b.push(a, 2, false)
	b.want("on its way", 2)
	b.wait(media.FrameDuration)
	b.push(a, 3, true)
	b.push(a, 4, false)
	b.want("begun after the release")
	b.gate.beginHangover()
	b.want("still")
	b.admit(a, 2, time.Second)
	b.want("granted", 3, 4)
	b.gate.beginHangover()
	b.wait(2 * runGap)
	b.push(a, 5, false)
	b.want("begun after a silence")
}

// Whatever comes in whatever order, what goes out was sent by whom the view then
// admitted, is no older than may be held, is not repeated, and is told apart by
// spurts.
func TestGateWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		sources := []*Source{newSource("a"), newSource("b")}
		type sent struct {
			from *Source
			at   time.Time
		}
		packets, gone := map[uint32]sent{}, map[uint32]bool{}
		var open *Source
		var until time.Time
		var spurt uint32
		epoch := uint64(0)
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			s := sources[rapid.IntRange(0, 1).Draw(rt, "source")]
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1, 2:
				send := b.push
				if rapid.IntRange(0, 3).Draw(rt, "pause") == 0 {
					send = b.rest
				}
				id, _ := send(s, rapid.Uint16Range(0, 40).Draw(rt, "seq"), rapid.IntRange(0, 9).Draw(rt, "marker") == 0)
				packets[id] = sent{s, b.now}
			case 3:
				epoch += rapid.Uint64Range(0, 1).Draw(rt, "epoch")
				d := time.Duration(rapid.IntRange(0, 300).Draw(rt, "for")) * time.Millisecond
				b.admit(s, epoch, d)
				open, until = s, b.now.Add(d)
			case 4:
				b.gate.shut()
				open = nil
			case 5:
				b.wait(time.Duration(rapid.IntRange(0, 120).Draw(rt, "wait")) * time.Millisecond)
			}
			_, out := b.out()
			for _, o := range out {
				id := numberOf(o)
				p, known := packets[id]
				switch {
				case !known || gone[id]:
					rt.Fatalf("packet %d was not sent, or went out before", id)
				case open != p.from || o.From != open || !b.now.Before(until):
					rt.Fatalf("packet %d of %s went out while %v was admitted", id, p.from.UserID, open)
				case b.now.Sub(p.at) > hold:
					rt.Fatalf("packet %d went out after %v", id, b.now.Sub(p.at))
				case o.Marker != (o.SSRC != spurt) || o.SSRC < spurt:
					rt.Fatalf("marker %v in spurt %d after %d", o.Marker, o.SSRC, spurt)
				}
				spurt, gone[id] = o.SSRC, true
			}
		}
	})
}

func TestGateAllocatesNothing(t *testing.T) {
	b, a := newBench(t), newSource("a")
	p := &rtp.Packet{Payload: make([]byte, 60)}
	var o Outgoing
	frame := func() {
		b.wait(media.FrameDuration)
		b.gate.admit(a, Grant{UserID: "a", Epoch: 1}, b.now.Add(time.Second))
		p.SequenceNumber++
		b.gate.push(a, b.now, p)
		if !b.gate.next(b.now, &o) {
			t.Fatal("nothing went out")
		}
	}
	if n := testing.AllocsPerRun(1000, frame); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

package forward

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// rest is push of a packet that says that the talker pauses (media.Pause).
func (b *bench) rest(s *Source, seq uint16, marker bool) (uint32, Verdict) {
	b.id++
	return b.send(s, seq, marker, binary.BigEndian.AppendUint16(nil, uint16(b.id)))
}

// numberOf is the number of a packet of push or rest.
func numberOf(o Outgoing) uint32 {
	if media.Pause(o.Payload) {
		return uint32(binary.BigEndian.Uint16(o.data[:]))
	}
	return binary.BigEndian.Uint32(o.data[1:])
}

// refresh is how long Opus sends nothing in a pause.
const refresh = 400 * time.Millisecond

// A talker that loses the floor in a pause, and goes on to talk, is in the run that was
// cut: nothing of it is kept for the next grant.
func TestGateKeepsNothingOfARunThatPaused(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	b.push(a, 0, true)
	b.rest(a, 1, false)
	b.want("in the spurt", 0, 1)
	b.gate.shut()
	b.wait(refresh)
	for seq := range uint16(3) {
		if _, v := b.push(a, 2+seq, false); v != Refused {
			t.Errorf("packet %d after the cut is %v, want %v", 2+seq, v, Refused)
		}
	}
	b.admit(a, 2, time.Second)
	b.want("what was said without the floor")
}

// Nor does a pause hide the beginning of the next run: its marker bit counts, and if that
// may be lost, the time.
func TestGateKeepsTheRunAfterAPause(t *testing.T) {
	for _, tc := range []struct {
		name   string
		wait   time.Duration
		seq    uint16
		marker bool
	}{
		{"the marker bit", refresh, 2, true},
		{"a packet is missing, which may have had it", refresh, 3, false},
		{"too late for a pause", media.PauseGap + time.Millisecond, 2, false},
	} {
		b, a := newBench(t), newSource("a")
		b.admit(a, 1, time.Second)
		b.push(a, 0, true)
		b.rest(a, 1, false)
		b.want("in the spurt", 0, 1)
		b.gate.shut()
		b.wait(tc.wait)
		if _, v := b.push(a, tc.seq, tc.marker); v != HeldBack {
			t.Errorf("%s: the packet is %v, want %v", tc.name, v, HeldBack)
		}
		b.admit(a, 2, time.Second)
		b.want(tc.name, tc.seq)
	}
}

// After speech the time is what it was: a gap is no pause.
func TestGateKnowsAGapFromAPause(t *testing.T) {
	b, a := newBench(t), newSource("a")
	b.admit(a, 1, time.Second)
	b.push(a, 0, true)
	b.rest(a, 1, false)
	b.push(a, 2, false)
	b.want("in the spurt", 0, 1, 2)
	b.gate.shut()
	b.wait(runGap + time.Millisecond)
	if _, v := b.push(a, 3, false); v != HeldBack {
		t.Errorf("the packet is %v, want %v", v, HeldBack)
	}
}

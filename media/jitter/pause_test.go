package jitter

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
)

// pauses plays four seconds of speech with pauses of 2 s, as an encoder with DTX makes
// them, on a line that delays packet number n by late(n) samples and loses those that
// lost says.
func pauses(t *testing.T, late func(n uint32) int64, lost func(n uint32) bool) *bench {
	d := newBench(t)
	type arrival struct {
		at    int64
		n, ts uint32
		pause bool
	}
	var all []arrival
	n, start := uint32(0), d.at
	for i := range uint32(400) {
		in := i % 200
		pause := in > 100 && (in-100)%21 == 1
		if in > 100 && !pause && (in-100)%21 != 0 {
			continue
		}
		if !lost(n) {
			all = append(all, arrival{start + int64(i)*frame + late(n), n, i * frame, pause})
		}
		n++
	}
	for _, a := range all {
		d.until(a.at)
		opus := payload(a.n)
		if a.pause {
			opus = opus[:1]
		}
		arrived := d.b.epoch.Add(time.Duration(a.at) * time.Second / rate) // not when a slot has ended
		d.b.Push(media.Packet{Seq: uint16(a.n), Timestamp: a.ts, Marker: a.n == 0, Arrived: arrived, Opus: opus})
	}
	d.until(d.at + rate)
	return d
}

func onTime(uint32) int64 { return 0 }
func nothing(uint32) bool { return false }

// A pause is bridged by comfort noise from its first packet to the next word, which
// comes when it should, and nothing of it is a loss.
func TestPause(t *testing.T) {
	d := pauses(t, onTime, nothing)
	s := d.b.Stats()
	if s.Lost != 0 || s.Late != 0 || s.Spurts != 1 || s.Concealed != 0 || s.Comfort != uint64(d.comfort) {
		t.Errorf("stats %+v", s)
	}
	// Of each pause of 99 frames ten are sent. After the last nothing follows.
	if least := 89 + 89; d.comfort < least-1 || d.comfort > least+maxRest {
		t.Errorf("%d slots of comfort noise, want %d and at most %d after the end", d.comfort, least, maxRest)
	}
	for i, at := range d.starts[1:] {
		gap := at - d.starts[i]
		if whole := (gap + frame/2) / frame * frame; max(gap-whole, whole-gap) > frame/4 {
			t.Errorf("frame %d sounds %d samples after the one before, out of step", i+1, gap)
		}
	}
}

// A pause that is not refreshed is the end of what is said.
func TestPauseEnds(t *testing.T) {
	d := newBench(t)
	d.push(0, 0, 0, true)
	d.until(d.at + frame)
	d.b.Push(media.Packet{Seq: 1, Timestamp: frame, Arrived: d.when(), Opus: []byte{0x48}})
	d.until(d.at + 2*rate)
	if d.comfort != maxRest {
		t.Errorf("%d slots of comfort noise, want %d", d.comfort, maxRest)
	}
	if s := d.pop(); s.Kind != media.Silence {
		t.Errorf("slot %+v, want silence", s)
	}
}

// What is lost in a pause is a loss, and no more: not of time, nor of the next word.
func TestLossInAPause(t *testing.T) {
	clean := pauses(t, onTime, nothing)
	for _, lost := range []uint32{101, 102, 103, 104, 110, 111} { // 101 begins the pause, 110 ends it
		d := pauses(t, onTime, func(n uint32) bool { return n == lost })
		s, ref := d.b.Stats(), clean.b.Stats()
		if s.Lost != 1 || s.Spurts != 1 || s.Delay > ref.Delay+5*time.Millisecond {
			t.Errorf("without packet %d: %+v", lost, s)
		}
	}
}

// The first packet of a word after a pause is mended as any other, from the next.
func TestLossOfAWordsBeginning(t *testing.T) {
	d := pauses(t, onTime, func(n uint32) bool { return n == 110 })
	if len(d.fec) != 1 || d.fec[0] != 111 {
		t.Errorf("FEC of packets %v is asked for, want 111", d.fec)
	}
	if s := d.b.Stats(); s.Lost != 1 || s.Late != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A word that comes late after a pause is late as in speech, and the buffer learns of it.
func TestLateAfterAPause(t *testing.T) {
	d := pauses(t, func(n uint32) int64 {
		if n >= 110 {
			return rate / 10
		}
		return 0
	}, nothing)
	if s := d.b.Stats(); s.Late < 3 || s.Lost != 0 || s.Concealed != 0 {
		t.Errorf("stats %+v", s)
	}
}

// Jitter in a pause makes the delay grow no more than jitter in speech does.
func TestJitterInAPause(t *testing.T) {
	late := func(n uint32) int64 { return int64(n*7919%5) * rate / 200 }
	d := pauses(t, late, nothing)
	s := d.b.Stats()
	if s.Lost != 0 || s.Spurts != 1 {
		t.Errorf("stats %+v", s)
	}
	if s.Delay > s.Target+20*time.Millisecond || s.Target > 45*time.Millisecond {
		t.Errorf("delay %v, target %v, with at most 20 ms of jitter", s.Delay, s.Target)
	}
}

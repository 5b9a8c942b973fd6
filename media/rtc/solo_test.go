package rtc

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// TestOneVoiceAtATimeIsHeard: the first to speak is heard until a pause, a better
// rank at once, and what is heard is one stream.
func TestOneVoiceAtATimeIsHeard(t *testing.T) {
	var heard []media.Packet
	solo := NewSolo(func(p media.Packet) {
		p.Opus = append([]byte(nil), p.Opus...)
		heard = append(heard, p)
	})
	talk, monitor, other := &Chorus{solo: solo}, &Chorus{solo: solo, soloist: soloist{1}}, &Chorus{solo: solo, soloist: soloist{1}}
	now := time.Now()
	seqs := make(map[voiceID]uint16)
	say := func(c *Chorus, ssrc uint32, packets int) (through int) {
		before := len(heard)
		for range packets {
			id := voiceID{&c.soloist, ssrc}
			seqs[id]++
			c.take(&rtp.Packet{Header: rtp.Header{SSRC: ssrc, SequenceNumber: seqs[id], Timestamp: uint32(seqs[id]) * media.FrameSamples}, Payload: []byte{byte(ssrc)}}, now)
		}
		now = now.Add(20 * time.Millisecond)
		return len(heard) - before
	}
	for i, step := range []struct {
		from  *Chorus
		ssrc  uint32
		pause time.Duration
		heard bool
	}{
		{monitor, 1, 0, true},
		{other, 1, 0, false}, // the same SSRC on another transport is another voice
		{monitor, 2, 0, false},
		{monitor, 1, 0, true},
		{talk, 3, 0, true}, // a better rank takes over at once
		{monitor, 1, 0, false},
		{talk, 3, 0, true},
		{other, 1, speakerGap, true},
		{monitor, 1, 0, false},
	} {
		now = now.Add(step.pause)
		if got := say(step.from, step.ssrc, 2); (got == 2) != step.heard || got == 1 {
			t.Errorf("step %d: %d of 2 packets heard, want heard: %v", i, got, step.heard)
		}
	}
	for i := 1; i < len(heard); i++ {
		if heard[i].Seq != heard[i-1].Seq+1 {
			t.Errorf("packet %d follows %d in sequence", heard[i].Seq, heard[i-1].Seq)
		}
		if step := int32(heard[i].Timestamp - heard[i-1].Timestamp); step <= 0 {
			t.Errorf("packet %d is %d samples after the one before", i, step)
		}
	}
}

// TestChannelsOfOneStreamEach: the packets of a channel that is one stream follow
// one another as they came, also where channels number theirs alike.
func TestChannelsOfOneStreamEach(t *testing.T) {
	var heard []media.Packet
	solo := NewSolo(func(p media.Packet) { heard = append(heard, p) })
	talk, monitor := solo.Channel(0), solo.Channel(1)
	now := time.Now()
	packet := func(seq uint16) media.Packet {
		return media.Packet{Seq: seq, Timestamp: uint32(seq) * media.FrameSamples, Arrived: now, Opus: []byte{1}}
	}
	for seq := range uint16(3) {
		monitor(packet(seq))
	}
	talk(packet(3)) // of a better rank, with the very number that is due
	monitor(packet(3))
	talk(packet(5)) // one was lost
	if len(heard) != 5 || !heard[0].Marker || heard[2].Marker || !heard[3].Marker || heard[4].Marker {
		t.Fatalf("heard %+v", heard)
	}
	for i, gap := range []uint16{1, 1, 1, 2} {
		if got := heard[i+1].Seq - heard[i].Seq; got != gap {
			t.Errorf("packet %d follows after %d, want %d", i+1, got, gap)
		}
	}
}

// TestOnesOwnVoiceIsCountedNotHeard: what comes back is no speech.
func TestOnesOwnVoiceIsCountedNotHeard(t *testing.T) {
	n := 0
	c := &Chorus{solo: NewSolo(func(media.Packet) { n++ })}
	c.Own(7)
	for ssrc := range uint32(10) {
		c.take(&rtp.Packet{Header: rtp.Header{SSRC: ssrc}, Payload: []byte{1}}, time.Now().Add(time.Duration(ssrc)*time.Second))
	}
	if n != 9 || c.Echoes() != 1 {
		t.Errorf("%d packets heard and %d echoes, want 9 and 1", n, c.Echoes())
	}
}

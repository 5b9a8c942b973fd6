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
	talk, monitor, other := &Chorus{solo: solo}, &Chorus{solo: solo, rank: 1}, &Chorus{solo: solo, rank: 1}
	now := time.Now()
	seqs := make(map[voiceID]uint16)
	say := func(c *Chorus, ssrc uint32, packets int) (through int) {
		before := len(heard)
		for range packets {
			id := voiceID{c, ssrc}
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

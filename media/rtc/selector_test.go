package rtc

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// TestOneVoiceAtATimeIsHeard: the first to speak is heard until a pause, and what
// is heard is one stream.
func TestOneVoiceAtATimeIsHeard(t *testing.T) {
	var heard []media.Packet
	c := &MultiReceiver{selector: NewSpeakerSelector(2, func(p media.Packet) {
		p.Opus = append([]byte(nil), p.Opus...)
		heard = append(heard, p)
	})}
	now := time.Now()
	seqs := make(map[uint32]uint16)
	say := func(ssrc uint32, packets int) (through int) {
		before := len(heard)
		for range packets {
			seqs[ssrc]++
			c.onPacket(&rtp.Packet{Header: rtp.Header{SSRC: ssrc, SequenceNumber: seqs[ssrc], Timestamp: uint32(seqs[ssrc]) * media.FrameSamples}, Payload: []byte{byte(ssrc)}}, now)
		}
		now = now.Add(20 * time.Millisecond)
		return len(heard) - before
	}
	for i, step := range []struct {
		ssrc  uint32
		pause time.Duration
		heard bool
	}{
		{1, 0, true},
		{2, 0, false},
		{1, 0, true},
		{2, SpeakerGap, true},
		{1, 0, false},
	} {
		now = now.Add(step.pause)
		if got := say(step.ssrc, 2); (got == 2) != step.heard || got == 1 {
			t.Errorf("step %d: %d of 2 packets heard, want heard: %v", i, got, step.heard)
		}
	}
	for i := 1; i < len(heard); i++ {
		if heard[i].Seq != heard[i-1].Seq+1 || heard[i].Channel != 2 {
			t.Errorf("packet %d of channel %d follows %d in sequence", heard[i].Seq, heard[i].Channel, heard[i-1].Seq)
		}
		if step := int32(heard[i].Timestamp - heard[i-1].Timestamp); step <= 0 {
			t.Errorf("packet %d is %d samples after the one before", i, step)
		}
	}
}

// TestOnesOwnVoiceIsCountedNotHeard: what comes back is no speech.
func TestOnesOwnVoiceIsCountedNotHeard(t *testing.T) {
	n := 0
	c := &MultiReceiver{selector: NewSpeakerSelector(0, func(media.Packet) { n++ })}
	c.Own(7)
	for ssrc := range uint32(10) {
		c.onPacket(&rtp.Packet{Header: rtp.Header{SSRC: ssrc}, Payload: []byte{1}}, time.Now().Add(time.Duration(ssrc)*time.Second))
	}
	if n != 9 || c.Echoes() != 1 {
		t.Errorf("%d packets heard and %d echoes, want 9 and 1", n, c.Echoes())
	}
}

package sender_test

import (
	"bytes"
	"testing"

	"github.com/talkgate/talkgate/gateway/port/sender/sendertest"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// recorded is a link that keeps what it is given.
type recorded struct{ frames [][]byte }

func (r *recorded) WriteOpus(opus []byte, _ uint32, _ bool) error {
	r.frames = append(r.frames, bytes.Clone(opus))
	return nil
}

// TestLateReleaseInAPause: listeners learn of a release that is known late, as that of a
// squelch with a tail, although all that was said before it has been dealt with.
func TestLateReleaseInAPause(t *testing.T) {
	var link recorded
	s := sendertest.Talk(t, media.EncoderConfig{FEC: true, DTX: true}, sendertest.AllStages(), &link, sendertest.Source(sim.Silence()))
	for range 50 {
		s.Frame()
	}
	if last := link.frames[len(link.frames)-1]; !media.Pause(last) || s.Sender.Stats().Paused < 10 {
		t.Fatalf("no pause: %+v", s.Sender.Stats())
	}
	n := len(link.frames)
	s.Release(5 * media.FrameDuration)
	s.Frame()
	if after := link.frames[n:]; s.Drained != 1 || len(after) != 1 || media.Pause(after[0]) {
		t.Errorf("%d frames after the release, %d times at the end; want one that ends the pause, and the end", len(after), s.Drained)
	}
}

package sender_test

import (
	"testing"

	"github.com/talkgate/talkgate/gateway/port/sender/sendertest"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// TestSendingAllocatesNothing: a frame on its way from the card to the link costs no
// memory of ours; garbage collection would be heard. What the codec itself takes with FEC
// on is in docs/opus.md.
func TestSendingAllocatesNothing(t *testing.T) {
	s := sendertest.Talk(t, media.EncoderConfig{}, sendertest.AllStages(), sendertest.Nowhere{}, sendertest.Source(sim.Speech(0)))
	if n := testing.AllocsPerRun(500, s.Frame); n != 0 {
		t.Errorf("a frame without FEC allocates %v times", n)
	}
	if stats := s.Sender.Stats(); stats.Sent < 500 {
		t.Fatalf("only %d frames were sent", stats.Sent)
	}
	s = sendertest.Talk(t, media.EncoderConfig{DTX: true}, sendertest.AllStages(), sendertest.Nowhere{}, sendertest.Source(sim.Silence()))
	if n := testing.AllocsPerRun(500, s.Frame); n != 0 {
		t.Errorf("a frame in a pause allocates %v times", n)
	}
	if stats := s.Sender.Stats(); stats.Paused < 400 {
		t.Fatalf("only %d frames were left out", stats.Paused)
	}
	s = sendertest.Talk(t, sendertest.WithFEC(), sendertest.AllStages(), sendertest.Nowhere{}, sendertest.Source(sim.Speech(0)))
	ours, bare := testing.AllocsPerRun(500, s.Frame), testing.AllocsPerRun(500, sendertest.Encode(t, sendertest.WithFEC(), sendertest.Nowhere{}, sendertest.Source(sim.Speech(0))))
	if ours > bare {
		t.Errorf("a frame with FEC allocates %v times, the encoder alone %v times", ours, bare)
	}
}

package receive_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/receive"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
)

// TestReceivingAllocatesNothing: a frame from the network to the card costs no memory of
// ours.
func TestReceivingAllocatesNothing(t *testing.T) {
	r, err := receive.New(receive.Config{Tones: media.NewTones(), Loop: detect.NewLoop(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	enc, err := media.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	pcm, opus := make([]int16, media.FrameSamples), make([]byte, media.MaxOpusFrame)
	packet := media.Packet{Marker: true}
	period := make([]int16, hal.PeriodSamples)
	speech := sim.Speech(0)
	listen := func() {
		speech(uint64(packet.Timestamp), pcm)
		n, err := enc.Encode(pcm, opus)
		if err != nil {
			t.Fatal(err)
		}
		packet.Opus, packet.Arrived = opus[:n], time.Now()
		r.Receive(packet)
		packet.Marker = false
		packet.Seq++
		packet.Timestamp += media.FrameSamples
		r.Fill(period)
		r.Fill(period)
	}
	if n := testing.AllocsPerRun(500, listen); n != 0 {
		t.Errorf("receiving allocates %v times a frame", n)
	}
	if s := r.Playout().Stats(); s.Decoded < 100 {
		t.Fatalf("hardly anything was decoded: %+v", s)
	}
}

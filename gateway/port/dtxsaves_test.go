package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port/sender/sendertest"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/level"
)

// saved is the share of frames that a sender with DTX does not send of 20 s of what a
// microphone hears.
func saved(t *testing.T, complexity int, source sim.Source) float64 {
	t.Helper()
	spurt := sendertest.Talk(t, media.EncoderConfig{FEC: true, DTX: true, Complexity: complexity}, level.Config{}, sendertest.Nowhere{}, sendertest.Source(source))
	for range 20 * time.Second / media.FrameDuration {
		spurt.Frame()
	}
	s := spurt.Sender.Stats()
	return float64(s.Paused) / float64(s.Paused+s.Sent)
}

// TestWhatDTXSaves: it depends on the noise, and from complexity 7 on little. Speech
// without pauses is sent whole; so is a steady tone from complexity 7 on.
func TestWhatDTXSaves(t *testing.T) {
	type bounds struct{ least, most float64 }
	most := bounds{0.7, 1}
	for _, tc := range []struct {
		name        string
		source      sim.Source
		five, seven bounds // by complexity
	}{
		{"words, noise of -75 dBFS", room(-75), most, most},
		{"words, noise of -65 dBFS", room(-65), most, most},
		{"words, noise of -55 dBFS", room(-55), bounds{0.2, 0.6}, most},
		{"words, noise of -45 dBFS", room(-45), bounds{0.02, 0.3}, most},
		{"a sentence over and over", sim.Speech(0), bounds{0, 0.1}, bounds{0, 0.1}},
		{"a steady tone", sim.Tone(1000, -20, 0), most, bounds{0, 0}},
	} {
		five, seven := saved(t, 5, tc.source), saved(t, 7, tc.source)
		t.Logf("| %s | %.0f %% | %.0f %% |", tc.name, 100*five, 100*seven)
		if five < tc.five.least || five > tc.five.most || seven < tc.seven.least || seven > tc.seven.most {
			t.Errorf("%s: %.2f and %.2f of the packets are saved, want %v and %v", tc.name, five, seven, tc.five, tc.seven)
		}
	}
}

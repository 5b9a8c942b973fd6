package gateway

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// saved is the share of frames that a talker with DTX does not send of 40 s of what a
// microphone hears.
func saved(t *testing.T, complexity int, source sim.Source) float64 {
	t.Helper()
	enc, err := media.NewEncoder(media.EncoderConfig{FEC: true, DTX: true, Complexity: complexity})
	if err != nil {
		t.Fatal(err)
	}
	mic := media.NewMic(time.Second)
	talker := newTalker(mic, enc, nowhere{}, func() time.Duration { return time.Second }, func(uint32) {})
	at, period := time.Now(), make([]int16, hal.PeriodSamples)
	talker.open(1, at, time.Hour)
	for range 40 * media.SampleRate / hal.PeriodSamples {
		source(mic.Head(), period)
		at = at.Add(samplesTime(hal.PeriodSamples))
		mic.Write(period, at)
		for talker.sendOne() {
		}
	}
	s := talker.stats()
	return float64(s.Paused) / float64(s.Paused+s.Sent)
}

// TestWhatDTXSaves: it depends on the noise, and from complexity 7 on little. Speech
// without pauses is sent whole; so is a steady tone from complexity 7 on.
func TestWhatDTXSaves(t *testing.T) {
	tone, speech := sim.Tone(1000, -20, 0), sim.Speech(0)
	for _, tc := range []struct {
		name       string
		source     sim.Source
		five, most float64 // at least, and at most, by complexity 5
		seven      float64 // at least, by complexity 7
	}{
		{"words, noise of -75 dBFS", room(-75), 0.7, 1, 0.7},
		{"words, noise of -65 dBFS", room(-65), 0.7, 1, 0.7},
		{"words, noise of -55 dBFS", room(-55), 0.2, 1, 0.7},
		{"words, noise of -45 dBFS", room(-45), 0.02, 1, 0.7},
		{"silence", sim.Silence(), 0.9, 1, 0.9},
		{"a sentence over and over", speech, 0, 0.2, 0},
		{"a steady tone", tone, 0, 1, 0},
	} {
		five, seven := saved(t, 5, tc.source), saved(t, 7, tc.source)
		t.Logf("| %s | %.0f %% | %.0f %% |", tc.name, 100*five, 100*seven)
		if five < tc.five || five > tc.most || seven < tc.seven {
			t.Errorf("%s: %.2f and %.2f of the packets are saved", tc.name, five, seven)
		}
	}
	if share := saved(t, 7, tone); share > 0 {
		t.Errorf("%.2f of a steady tone is not sent at complexity 7", share)
	}
}

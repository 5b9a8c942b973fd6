package doctor

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
)

// spoken is ten seconds of the recorded sentence, so many dB louder, in a room
// with noise and hum of so many dBFS.
func spoken(louder, noise, hum float64) []int16 {
	pcm := make([]int16, 10*media.SampleRate)
	sim.Speech(media.SampleRate)(0, pcm)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i, s := range pcm {
		v := float64(s)*math.Pow(10, louder/20) + 32768*math.Pow(10, noise/20)*rnd.NormFloat64() +
			46341*math.Pow(10, hum/20)*math.Sin(2*math.Pi*50*float64(i)/media.SampleRate)
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, v)))
	}
	return pcm
}

// TestLevelsAreJudged: what is said to be done, done, leaves nothing to be done.
func TestLevelsAreJudged(t *testing.T) {
	speech := surveyOf(spoken(0, -75, -120)).speech
	to := func(dBFS float64) float64 { return dBFS - speech }
	board := func(change func(*config.Config)) config.Config {
		cfg := config.Default()
		change(&cfg)
		return cfg
	}
	none := func(*config.Config) {}
	for _, tc := range []struct {
		name string
		pcm  []int16
		cfg  func(*config.Config)
		want string // what is to be done; nothing if empty
	}{
		{"right", spoken(to(-20), -75, -120), none, ""},
		{"soft", spoken(to(-38), -90, -120), none, "hardware.sound.microphone.gain to 18 dB"},
		{"soft, and set so", spoken(to(-38), -90, -120), func(c *config.Config) { c.Hardware.Board.Sound.Microphone.Gain = 18 }, ""},
		{"soft, with agc", spoken(to(-38), -90, -120), func(c *config.Config) { c.Audio.Microphone.AGC.Enabled = true }, ""},
		{"too soft for agc", spoken(to(-46), -90, -120), func(c *config.Config) { c.Audio.Microphone.AGC.Enabled = true }, "agc cannot make up"},
		{"overdriven", spoken(to(0), -75, -120), none, "card's own gain down"},
		{"hum", spoken(to(-20), -75, -50), none, "high_pass to 150"},
		{"hum taken away", spoken(to(-20), -75, -50), func(c *config.Config) { c.Audio.Microphone.HighPass = 150 }, ""},
		{"far away", spoken(to(-20), -40, -120), none, "nearer to the mouth"},
		{"nobody speaks", spoken(-120, -70, -120), none, "say a few sentences"},
		{"dead", make([]int16, 10*media.SampleRate), none, "say a few sentences"},
		{"gate in the noise", spoken(to(-20), -60, -120), func(c *config.Config) { c.Audio.Microphone.Gate = config.Gate{Enabled: true, Threshold: -80} }, "gate.threshold to -4"},
		{"gate set so", spoken(to(-20), -60, -120), func(c *config.Config) { c.Audio.Microphone.Gate = config.Gate{Enabled: true, Threshold: -40} }, ""},
	} {
		findings, err := checkLevels(tc.pcm, board(tc.cfg))
		if err != nil {
			t.Fatal(err)
		}
		var do []string
		for _, f := range findings {
			if !f.OK {
				do = append(do, f.Do)
			}
		}
		if all := strings.Join(do, "; "); (all == "") != (tc.want == "") || !strings.Contains(all, tc.want) {
			t.Errorf("%s: to be done is %q, want %q: %+v", tc.name, all, tc.want, findings)
		}
	}
}

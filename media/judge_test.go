package media

import (
	"math"
	"testing"

	"github.com/pion/opus"
)

// Another implementation of Opus is the judge of what ours sends.
func TestAnotherDecoderHearsTheSame(t *testing.T) {
	for _, cfg := range []EncoderConfig{
		{}, {FEC: true, ExpectedLoss: 5}, {FEC: true, ExpectedLoss: 30}, {Bitrate: 12000}, {Bitrate: 40000, Complexity: 10},
	} {
		speech := recorded(t, "front_center")
		packets := encodeAll(t, newEncoder(t, cfg), speech)
		ours := decodeAll(t, newDecoder(t), packets)
		judge, err := opus.NewDecoderWithOutput(SampleRate, 1)
		if err != nil {
			t.Fatal(err)
		}
		theirs := make([]int16, len(ours))
		for i, p := range packets {
			n, err := judge.DecodeToInt16(p, theirs[i*FrameSamples:][:FrameSamples])
			if err != nil || n != FrameSamples {
				t.Fatalf("%+v, packet %d: %d samples, %v", cfg, i, n, err)
			}
		}
		lag, _ := correlate(ours, theirs, 200)
		snr := segmentalSNR(ours[:len(ours)-lag], theirs[lag:])
		var loudness [3]float64
		for i, pcm := range [][]int16{speech, ours, theirs} {
			for _, s := range pcm {
				loudness[i] += float64(s) * float64(s)
			}
			loudness[i] = 10 * math.Log10(loudness[i])
		}
		t.Logf("%+v: lag %d, segmental SNR %.1f dB, level against the original %+.2f dB and %+.2f dB",
			cfg, lag, snr, loudness[1]-loudness[0], loudness[2]-loudness[0])
		if snr < 30 {
			t.Errorf("%+v: another decoder's output differs: %.1f dB, want 30", cfg, snr)
		}
		if math.Abs(loudness[2]-loudness[0]) > 1 {
			t.Errorf("%+v: the level changed by %.1f dB", cfg, loudness[2]-loudness[0])
		}
	}
}

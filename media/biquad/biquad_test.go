package biquad

import (
	"math"
	"testing"

	"github.com/talkgate/talkgate/media"
)

// TestResponse wants Butterworth's: 3 dB at the corner, 24 dB an octave beyond.
func TestResponse(t *testing.T) {
	for _, corner := range []float64{100, 1000, 3000} {
		for _, octaves := range []float64{-2, -1, -0.5, 0, 0.5, 1, 1.5} {
			hz := corner * math.Pow(2, octaves)
			for name, side := range map[string]float64{"low": 1, "high": -1} {
				f := HighPass(corner, media.SampleRate)
				if side == 1 {
					f = LowPass(corner, media.SampleRate)
				}
				pcm := make([]float64, media.SampleRate)
				for i := range pcm {
					pcm[i] = math.Sin(2 * math.Pi * hz * float64(i) / media.SampleRate)
				}
				f.Process(pcm)
				var sum float64
				for _, x := range pcm[media.SampleRate/2:] {
					sum += x * x
				}
				got := 10 * math.Log10(sum/float64(media.SampleRate/2)*2)
				// The bilinear transform bends frequencies; both sides of the comparison bend.
				ratio := math.Tan(math.Pi*hz/media.SampleRate) / math.Tan(math.Pi*corner/media.SampleRate)
				want := -10 * math.Log10(1+math.Pow(ratio, side*8))
				if math.Abs(got-want) > 0.2 {
					t.Errorf("%s-pass of %g Hz at %g Hz: %.2f dB, want %.2f", name, corner, hz, got, want)
				}
			}
		}
	}
}

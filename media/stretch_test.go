package media

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sounds are frames of what a playout has to splice.
func sounds() map[string]func(i int) float64 {
	rng := rand.New(rand.NewPCG(3, 4))
	voice := func(hertz float64) func(int) float64 {
		return func(i int) float64 {
			w := 2 * math.Pi * hertz * float64(i) / SampleRate
			return 6000*math.Sin(w) + 3000*math.Sin(2*w+1) + 1500*math.Sin(5*w+2)
		}
	}
	return map[string]func(int) float64{
		"low voice":  voice(90),
		"voice":      voice(140),
		"high voice": voice(330),
		"noise":      func(int) float64 { return 3000 * rng.NormFloat64() },
		"faint":      func(int) float64 { return 20 * rng.NormFloat64() },
		"silence":    func(int) float64 { return 0 },
	}
}

// roughness is the largest second difference: a click stands out in it.
func roughness(pcm []int16) (most int) {
	for i := 2; i < len(pcm); i++ {
		d := int(pcm[i]) - 2*int(pcm[i-1]) + int(pcm[i-2])
		most = max(most, d, -d)
	}
	return most
}

func TestStretch(t *testing.T) {
	for name, sound := range sounds() {
		t.Run(name, func(t *testing.T) {
			var frame [FrameSamples]int16
			for i := range frame {
				frame[i] = int16(max(-32768, min(32767, sound(i))))
			}
			var out [MaxStretched]int16
			for _, want := range []int{0, 360, 500, 700, 959, 960, 961, 1100, 1400, 1560, 5000} {
				n := Stretch(out[:], frame[:], want)
				if n < min(want, FrameSamples) || n > max(want, FrameSamples) || n > MaxStretched {
					t.Fatalf("%d wanted, %d made: not between that and a frame", want, n)
				}
				if out[0] != frame[0] || out[n-1] != frame[FrameSamples-1] {
					t.Errorf("%d wanted: the ends are %d and %d, want %d and %d: frames would not join",
						want, out[0], out[n-1], frame[0], frame[FrameSamples-1])
				}
				if got, was := roughness(out[:n]), roughness(frame[:]); got > was+was/4+8 {
					t.Errorf("%d wanted: roughness %d of the frame became %d: a click", want, was, got)
				}
				if (want <= 360 || want >= 1560) && n == FrameSamples {
					t.Errorf("%d wanted: nothing cut out or put in", want)
				}
			}
		})
	}
}

// A voice that is shortened and lengthened frame after frame keeps its pitch.
func TestStretchKeepsPitch(t *testing.T) {
	const hertz = 150.0
	sound := func(i int) float64 { return 8000 * math.Sin(2*math.Pi*hertz*float64(i)/SampleRate) }
	for _, want := range []int{600, 1300} {
		var pcm []int16
		var out [MaxStretched]int16
		for f := range 50 {
			var frame [FrameSamples]int16
			for i := range frame {
				frame[i] = int16(sound(f*FrameSamples + i))
			}
			n := Stretch(out[:], frame[:], want)
			pcm = append(pcm, out[:n]...)
		}
		if len(pcm) == 50*FrameSamples {
			t.Fatalf("%d wanted: no frame was stretched", want)
		}
		ups := 0
		for i := 1; i < len(pcm); i++ {
			if pcm[i-1] < 0 && pcm[i] >= 0 {
				ups++
			}
		}
		if got := float64(ups) * SampleRate / float64(len(pcm)); math.Abs(got-hertz) > 3 {
			t.Errorf("%d wanted: %.1f Hz came out of %.1f", want, got, hertz)
		}
	}
}

func TestStretchDoesNotAllocate(t *testing.T) {
	var frame [FrameSamples]int16
	for i := range frame {
		frame[i] = int16(5000 * math.Sin(2*math.Pi*120*float64(i)/SampleRate))
	}
	var out [MaxStretched]int16
	if n := testing.AllocsPerRun(100, func() { Stretch(out[:], frame[:], 500) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkStretch(b *testing.B) {
	var frame [FrameSamples]int16
	for i := range frame {
		frame[i] = int16(5000 * math.Sin(2*math.Pi*120*float64(i)/SampleRate))
	}
	var out [MaxStretched]int16
	for b.Loop() {
		Stretch(out[:], frame[:], 360)
	}
}

package sim

import (
	_ "embed"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/talkgate/talkgate/hal"
)

// Source is what a microphone hears: it fills period with the samples from
// index on. The same index always yields the same sample; it allocates nothing.
type Source func(index uint64, period []int16)

//go:embed speech.wav
var speechWAV []byte

// wavHeader is the size of the canonical header that speech.wav has.
const wavHeader = 44

// Silence is a muted microphone.
func Silence() Source {
	return func(_ uint64, period []int16) { clear(period) }
}

// Loop repeats pcm, begun at sample index from, before which it is silent. pcm is
// neither empty nor copied.
func Loop(pcm []int16, from uint64) Source {
	return func(index uint64, period []int16) {
		for i := range period {
			n := index + uint64(i)
			if n < from {
				period[i] = 0
				continue
			}
			period[i] = pcm[(n-from)%uint64(len(pcm))]
		}
	}
}

// Speech is a recorded sentence, spoken again and again; it is begun at sample
// index from, before which it is silent.
func Speech(from uint64) Source {
	sentence := make([]int16, (len(speechWAV)-wavHeader)/2)
	for i := range sentence {
		sentence[i] = int16(binary.LittleEndian.Uint16(speechWAV[wavHeader+2*i:]))
	}
	return Loop(sentence, from)
}

// Tone is a sine of so many hertz and, at its peak, so many dB below full scale
// (a negative number), begun at sample index from, before which it is silent.
func Tone(hertz, dBFS float64, from uint64) Source {
	amplitude := math.MaxInt16 * math.Pow(10, dBFS/20)
	return func(index uint64, period []int16) {
		for i := range period {
			n := index + uint64(i)
			if n < from {
				period[i] = 0
				continue
			}
			period[i] = int16(amplitude * math.Sin(2*math.Pi*hertz/hal.SampleRate*float64(n-from)))
		}
	}
}

// Noise is pseudo-noise from 300 to 4500 Hz, in which no part resembles another:
// where a piece of it comes from can be told to the sample, even after a codec
// for speech. It repeats after NoiseSamples.
func Noise(seed uint64) Source {
	return Loop(bandNoise(rand.New(rand.NewPCG(seed, seed)), 300, 4500), 0)
}

// NoiseSamples is the length of Noise.
const NoiseSamples = 1 << 17

// bandNoise is white noise through a windowed-sinc band pass, wrapped around so
// that it loops without a seam, at -15 dBFS RMS.
func bandNoise(rnd *rand.Rand, low, high float64) []int16 {
	const taps = 511
	var fir [taps]float64
	for i := range fir {
		x := float64(i - taps/2)
		hann := 0.5 + 0.5*math.Cos(2*math.Pi*x/(taps+1))
		fir[i] = hann * (sincPass(high, x) - sincPass(low, x))
	}
	white := make([]float64, NoiseSamples)
	for i := range white {
		white[i] = rnd.NormFloat64()
	}
	band := make([]float64, NoiseSamples)
	var power float64
	for i := range band {
		for k, h := range fir {
			band[i] += h * white[(i+k)%NoiseSamples]
		}
		power += band[i] * band[i] / NoiseSamples
	}
	gain := math.Pow(10, -15.0/20) / math.Sqrt(power) * math.MaxInt16
	pcm := make([]int16, NoiseSamples)
	for i, v := range band {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, gain*v)))
	}
	return pcm
}

// sincPass is tap x of the ideal low pass below hertz.
func sincPass(hertz, x float64) float64 {
	w := 2 * hertz / hal.SampleRate
	if x == 0 {
		return w
	}
	return w * math.Sin(math.Pi*w*x) / (math.Pi * w * x)
}

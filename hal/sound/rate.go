package sound

import (
	"math"

	"github.com/talkgate/talkgate/hal"
)

// taps is the length of each phase of a resampler's filter. With it a delay of
// half as many samples.
const taps = 48

// resampler converts a stream of samples from one rate to another with a
// polyphase filter, a windowed sinc (Crochiere and Rabiner, Multirate Digital
// Signal Processing, 1983). Equal rates are passed through.
type resampler struct {
	in, out  int         // in Hz
	up, down int         // out/in as a fraction
	phases   [][]float32 // filter of each of the up positions between two samples
	history  []float32   // the last taps samples
	phase    int         // position of the next output, in 1/up samples after the last but taps
}

// fromRate converts what a card captures; toRate what it plays.
func fromRate(card uint32) *resampler { return newResampler(int(card), hal.SampleRate) }
func toRate(card uint32) *resampler   { return newResampler(hal.SampleRate, int(card)) }

func newResampler(in, out int) *resampler {
	divisor := gcd(in, out)
	r := &resampler{in: in, out: out, up: out / divisor, down: in / divisor}
	if in == out {
		return r
	}
	r.history = make([]float32, taps)
	r.phases = make([][]float32, r.up)
	// What lies above half the lower rate is cut off, with a margin for the slope.
	cutoff := 0.92 * math.Min(1, float64(out)/float64(in))
	for p := range r.phases {
		phase, sum := make([]float32, taps), 0.0
		for i := range phase {
			// The filter's center lies between the samples taps/2-1 and taps/2.
			x := float64(i) - (taps/2 - 1) - float64(p)/float64(r.up)
			w := 0.5 + 0.5*math.Cos(math.Pi*x/(taps/2)) // Hann
			h := cutoff * sinc(cutoff*x) * w
			phase[i] = float32(h)
			sum += h
		}
		for i := range phase { // every phase has the same gain
			phase[i] /= float32(sum)
		}
		r.phases[p] = phase
	}
	return r
}

// atMost is how many samples n of them can become.
func (r *resampler) atMost(n int) int { return (n*r.up)/r.down + 1 }

// convert appends to dst what the next samples of src become.
func (r *resampler) convert(dst, src []int16) []int16 {
	if r.phases == nil {
		return append(dst, src...)
	}
	for _, s := range src {
		copy(r.history, r.history[1:])
		r.history[taps-1] = float32(s)
		for ; r.phase < r.up; r.phase += r.down {
			sum := float32(0)
			for i, h := range r.phases[r.phase] {
				sum += h * r.history[i]
			}
			dst = append(dst, clip(float64(sum)))
		}
		r.phase -= r.up
	}
	return dst
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

package media

import "math"

const (
	// resampleTaps is how many samples of the lower rate each sample is made of.
	resampleTaps = 64
	// resampleBand is how much of the lower rate's band passes.
	resampleBand = 0.94
)

// resampled is pcm at SampleRate, of samples at a rate in Hz, through a windowed sinc in
// polyphase form.
func resampled(pcm []float64, rate int) []float64 {
	if rate == SampleRate {
		return pcm
	}
	divisor := gcd(rate, SampleRate)
	up, down := SampleRate/divisor, rate/divisor
	cut := resampleBand * min(1, float64(SampleRate)/float64(rate)) // of the input's band
	half := int(resampleTaps / 2 / min(1, float64(SampleRate)/float64(rate)))
	phases := make([][]float64, up)
	for p := range phases {
		phases[p] = phase(float64(p)/float64(up), cut, half)
	}
	out := make([]float64, len(pcm)*up/down)
	for n := range out {
		at, taps := n*down/up, phases[n*down%up]
		for k, tap := range taps {
			if i := at + k - half + 1; i >= 0 && i < len(pcm) {
				out[n] += tap * pcm[i]
			}
		}
	}
	return out
}

// phase are the taps for a sample that lies at a fraction between two of the input. Their
// sum is 1.
func phase(fraction, cut float64, half int) []float64 {
	taps := make([]float64, 2*half)
	var sum float64
	for k := range taps {
		x := float64(k-half+1) - fraction
		window := 0.5 + 0.5*math.Cos(math.Pi*x/float64(half))
		taps[k] = window * cut
		if x != 0 {
			taps[k] = window * math.Sin(math.Pi*cut*x) / (math.Pi * x)
		}
		sum += taps[k]
	}
	for k := range taps {
		taps[k] /= sum
	}
	return taps
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

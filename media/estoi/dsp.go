package estoi

import (
	"math"
	"math/bits"
)

// fourier has the factors of a transform.
type fourier struct{ sin, cos [transform / 2]float64 }

func newFourier() *fourier {
	f := new(fourier)
	for i := range f.sin {
		f.sin[i], f.cos[i] = math.Sincos(-2 * math.Pi * float64(i) / transform)
	}
	return f
}

// transform transforms in place (Cooley and Tukey, radix 2).
func (f *fourier) transform(re, im *[transform]float64) {
	const shift = 64 - 9 // log2 of transform
	for i := range re {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			re[i], re[j] = re[j], re[i]
			im[i], im[j] = im[j], im[i]
		}
	}
	for size := 2; size <= transform; size *= 2 {
		for start := 0; start < transform; start += size {
			for k := range size / 2 {
				sin, cos := f.sin[k*transform/size], f.cos[k*transform/size]
				a, b := start+k, start+k+size/2
				r, i := re[b]*cos-im[b]*sin, re[b]*sin+im[b]*cos
				re[b], im[b] = re[a]-r, im[a]-i
				re[a], im[a] = re[a]+r, im[a]+i
			}
		}
	}
}

// resample brings pcm, of full scale 1, to the rate of the measure: a polyphase filter
// with a Kaiser window, 60 dB down beyond half the lower rate.
func resample(pcm []int16, from int) []float64 {
	const rejection = 60.0 // dB
	g := gcd(rate, from)
	up, down := rate/g, from/g
	cutoff := 1 / (2 * float64(max(up, down)))
	half := int(math.Ceil((rejection - 8) / (28.714 * cutoff / 10)))
	if up == down {
		half = 0
	}
	h := make([]float64, 2*half+1)
	sum, beta := 0.0, 0.1102*(rejection-8.7)
	for i := range h {
		t := float64(i - half)
		h[i] = sinc(2*cutoff*t) * bessel(beta*math.Sqrt(max(0, 1-t*t/max(1, float64(half*half)))))
		sum += h[i]
	}
	out := make([]float64, (len(pcm)*up+down-1)/down)
	for n := range out {
		at := n * down // in the sequence with zeros put in
		for i := max(0, (at-half+up-1)/up); i*up <= at+half && i < len(pcm); i++ {
			out[n] += h[at-i*up+half] * float64(pcm[i]) / 32768
		}
		out[n] *= float64(up) / sum
	}
	return out
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}

// bessel is the modified Bessel function of the first kind and order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1; term > sum*epsilon; k++ {
		term *= x * x / 4 / float64(k*k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

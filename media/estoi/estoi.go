// Package estoi predicts how much of speech a listener understands: ESTOI, the
// extended short-time objective intelligibility of Jensen and Taal, "An Algorithm for
// Predicting the Intelligibility of Speech Masked by Modulated Noise Maskers", IEEE/ACM
// TASLP 24(11), 2016. It is how the benches judge what a lossy network leaves of speech.
package estoi

import (
	"errors"
	"math"
)

const (
	// rate is that of the measure, in samples a second.
	rate = 10000
	// frame, hop and transform are in samples: 25.6 ms, half of it, and zero-padded.
	frame, hop, transform = 256, frame / 2, 512
	// bands are a third of an octave each, from lowest on, in Hz.
	bands, lowest = 15, 150.0
	// segment is 30 frames, 384 ms: what is compared at once.
	segment = 30
	// dynamics is how far below the loudest frame a frame still is speech, dB.
	dynamics = 40
)

// ErrTooShort says that there is not enough speech to compare.
var ErrTooShort = errors.New("less than 384 ms of speech")

// Score compares speech as it was heard with the speech as it was said, both mono, of
// one length, aligned to the sample and at sampleRate. It is at most 1, for the same
// up to loudness, and about 0 for something unrelated.
func Score(said, heard []int16, sampleRate int) (float64, error) {
	n := min(len(said), len(heard))
	x, y := withoutSilence(resample(said[:n], sampleRate), resample(heard[:n], sampleRate))
	a, b := bandsOf(x), bandsOf(y)
	if len(a) < segment {
		return 0, ErrTooShort
	}
	sum := 0.0
	for i := 0; i+segment <= len(a); i++ {
		p, q := normalized(a[i:i+segment]), normalized(b[i:i+segment])
		for t := range segment {
			for k := range bands {
				sum += p[t][k] * q[t][k]
			}
		}
	}
	return sum / segment / float64(len(a)-segment+1), nil
}

// hann is the window of frame samples, without the zeros at its ends.
func hann() (w [frame]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i+1)/(frame+1))
	}
	return w
}

// withoutSilence joins the frames of x that are speech, and the same ones of y.
func withoutSilence(x, y []float64) (xs, ys []float64) {
	w := hann()
	var levels []float64
	loudest := math.Inf(-1)
	for at := 0; at+frame < len(x); at += hop {
		energy := 0.0
		for i, g := range w {
			energy += g * x[at+i] * g * x[at+i]
		}
		levels = append(levels, 20*math.Log10(math.Sqrt(energy)+epsilon))
		loudest = max(loudest, levels[len(levels)-1])
	}
	for i, level := range levels {
		if level <= loudest-dynamics {
			continue
		}
		at := max(0, len(xs)-hop)
		xs, ys = append(xs, make([]float64, at+frame-len(xs))...), append(ys, make([]float64, at+frame-len(ys))...)
		for j, g := range w {
			xs[at+j] += g * x[i*hop+j]
			ys[at+j] += g * y[i*hop+j]
		}
	}
	return xs, ys
}

// epsilon keeps what is divided by from being zero.
const epsilon = 0x1p-52

// bandsOf is the amplitude in each band of each frame.
func bandsOf(x []float64) (all [][bands]float64) {
	w, edges, fourier := hann(), bandEdges(), newFourier()
	var re, im [transform]float64
	for at := 0; at+frame < len(x); at += hop {
		re, im = [transform]float64{}, [transform]float64{}
		for i, g := range w {
			re[i] = g * x[at+i]
		}
		fourier.transform(&re, &im)
		var f [bands]float64
		for k, e := range edges {
			for bin := e.low; bin < e.high; bin++ {
				f[k] += re[bin]*re[bin] + im[bin]*im[bin]
			}
			f[k] = math.Sqrt(f[k])
		}
		all = append(all, f)
	}
	return all
}

// edge is from which bin of the transform to which, exclusive, a band reaches.
type edge struct{ low, high int }

func bandEdges() (all [bands]edge) {
	bin := func(hz float64) int { return int(math.Round(hz * transform / rate)) }
	for k := range all {
		all[k] = edge{
			bin(lowest * math.Pow(2, float64(2*k-1)/6)),
			bin(lowest * math.Pow(2, float64(2*k+1)/6)),
		}
	}
	return all
}

// normalized gives each band of a segment, and then each frame of it, a mean of 0 and a
// norm of 1.
func normalized(s [][bands]float64) (n [segment][bands]float64) {
	copy(n[:], s)
	for k := range bands {
		mean, norm := 0.0, 0.0
		for t := range n {
			mean += n[t][k] / segment
		}
		for t := range n {
			n[t][k] -= mean
			norm += n[t][k] * n[t][k]
		}
		for t := range n {
			n[t][k] /= math.Sqrt(norm) + epsilon
		}
	}
	for t := range n {
		mean, norm := 0.0, 0.0
		for _, v := range n[t] {
			mean += v / bands
		}
		for k := range n[t] {
			n[t][k] -= mean
			norm += n[t][k] * n[t][k]
		}
		for k := range n[t] {
			n[t][k] /= math.Sqrt(norm) + epsilon
		}
	}
	return n
}

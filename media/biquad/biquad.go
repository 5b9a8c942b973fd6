// Package biquad has the filters that stages of the audio path share.
package biquad

import "math"

// Filter is a Butterworth filter of fourth order, 24 dB an octave: two sections one
// after the other, in the form that needs the least memory (transposed direct
// form II). One goroutine uses it; nothing in it allocates.
type Filter [2]section

// section is of second order. c1 and c2 are b1 and b2 with what the present sample adds
// by way of the output, so that no sample waits for the output of the one before.
type section struct {
	b0, c1, c2, a1, a2 float64
	z1, z2             float64
}

// HighPass lets through what is above hz of sound with rate samples a second.
func HighPass(hz, rate float64) *Filter { return newFilter(hz, rate, -1) }

// LowPass lets through what is below hz of sound with rate samples a second.
func LowPass(hz, rate float64) *Filter { return newFilter(hz, rate, 1) }

func newFilter(hz, rate, side float64) *Filter {
	w := 2 * math.Pi * hz / rate
	f := &Filter{}
	for i, q := range []float64{0.5411961, 1.3065630} { // the poles of fourth order
		alpha := math.Sin(w) / (2 * q)
		a0 := 1 + alpha
		b := (1 - side*math.Cos(w)) / 2 / a0
		a1, a2 := -2*math.Cos(w)/a0, (1-alpha)/a0
		f[i] = section{b0: b, c1: side*2*b - a1*b, c2: b - a2*b, a1: a1, a2: a2}
	}
	return f
}

// Process filters pcm, the next samples, in place.
func (f *Filter) Process(pcm []float64) {
	a, b := f[0], f[1] // where the compiler can keep them in registers
	for i, x := range pcm {
		y := a.b0*x + a.z1
		a.z1, a.z2 = (a.c1*x+a.z2)-a.a1*a.z1, a.c2*x-a.a2*a.z1
		pcm[i] = b.b0*y + b.z1
		b.z1, b.z2 = (b.c1*y+b.z2)-b.a1*b.z1, b.c2*y-b.a2*b.z1
	}
	f[0], f[1] = a.rested(), b.rested()
}

// rested is s, at rest once what it heard has died away: numbers that are nearly 0
// take a processor a hundred times as long.
func (s section) rested() section {
	if math.Abs(s.z1)+math.Abs(s.z2) < 1e-9 {
		s.z1, s.z2 = 0, 0
	}
	return s
}

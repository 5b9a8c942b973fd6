package detect

import (
	"math"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

const (
	// bandsEvery is the decimation to 8 kHz, bandsFrame what is looked at at once
	// (20 ms).
	bandsEvery = 6
	bandsFrame = 160
	// bandCount frequencies from bandsLowest Hz on, bandsApart from one to the next,
	// are what every radio and every codec lets through.
	bandCount   = 8
	bandsLowest = 400.0
	bandsApart  = 300.0
	// bandsCorner keeps out what would be folded into them.
	bandsCorner = 3200.0
)

// loudness is how loud a frame is at each frequency: the square root of the
// amplitude, as the ear has it, so that soft and loud sounds both count.
type loudness [bandCount]float32

// less is by how much l is louder than before.
func (l loudness) less(before loudness) loudness {
	for i := range l {
		l[i] -= before[i]
	}
	return l
}

// or is what is heard of both, the louder at each frequency.
func (l loudness) or(other loudness) loudness {
	for i := range l {
		l[i] = max(l[i], other[i])
	}
	return l
}

// bands makes of sound the loudness of its frames.
type bands struct {
	low    *biquad.Filter
	chunk  [bandsEvery * bandsFrame]float64
	n      int
	sounds bool // anything of the frame is not 0
	window [bandsFrame]float64
	at     [bandCount]goertzel
}

func newBands() *bands {
	b := &bands{low: biquad.LowPass(bandsCorner)}
	for i := range b.window {
		b.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/bandsFrame)
	}
	for i := range b.at {
		b.at[i] = newGoertzel(bandsLowest+bandsApart*float64(i), media.SampleRate/bandsEvery)
	}
	return b
}

// take takes in the next samples up to the end of a frame. It returns what is left
// of pcm and, if the frame is full, its loudness. Silence costs nothing.
func (b *bands) take(pcm []int16) (rest []int16, l loudness, full bool) {
	n := min(len(pcm), len(b.chunk)-b.n)
	for i, s := range pcm[:n] {
		b.chunk[b.n+i] = float64(s) / (1 << 15)
		b.sounds = b.sounds || s != 0
	}
	rest = pcm[n:]
	if b.n += n; b.n < len(b.chunk) {
		return rest, l, false
	}
	if b.sounds {
		l = b.look()
	}
	b.restart()
	return rest, l, true
}

// restart begins a frame with the next sample.
func (b *bands) restart() { b.n, b.sounds = 0, false }

func (b *bands) look() (l loudness) {
	b.low.Process(b.chunk[:])
	few := b.chunk[:bandsFrame]
	for i := range few {
		few[i] = b.chunk[i*bandsEvery] * b.window[i]
	}
	for i, g := range b.at {
		re, im := g.of(few)
		l[i] = float32(math.Sqrt(math.Sqrt(re*re + im*im)))
	}
	return l
}

package detect

import (
	"math"

	"github.com/talkgate/talkgate/media"
)

const (
	// Rate in samples a second is what the detectors hear: what they look for is below
	// 2.5 kHz.
	Rate = 8000

	// every is how many samples of a card are one of a detector's.
	every = media.SampleRate / Rate
	// decimatorTaps is the length of the filter before; it is even.
	decimatorTaps = 4 * every
	// decimatorChunk is how many samples are worked on at once.
	decimatorChunk = media.SampleRate / 100
)

// Decimator makes of a card's sound what detectors hear, all of them of one: full
// scale is 1, the rate is Rate. What is below 2 kHz is as it was to 0.4 dB, what would
// be folded onto that is 30 dB below. One goroutine uses it; once it has grown to the
// longest pcm that it is given, it allocates nothing.
type Decimator struct {
	half [decimatorTaps / 2]float64 // the filter, which is symmetrical
	line [decimatorTaps + decimatorChunk]float64
	n    int // samples in line
	out  []float64
}

// NewDecimator returns one that has heard silence.
func NewDecimator() *Decimator {
	d := &Decimator{n: decimatorTaps - every, out: make([]float64, 0, decimatorChunk/every)}
	// The ideal low-pass of half of Rate, under half a wave of a cosine.
	var sum float64
	for i := range d.half {
		x := float64(i) - (decimatorTaps-1)/2.0
		d.half[i] = math.Sin(math.Pi*x/every) / x * math.Cos(math.Pi*x/decimatorTaps)
		sum += 2 * d.half[i]
	}
	for i := range d.half {
		d.half[i] /= sum * (1 << 15)
	}
	return d
}

// Take processes pcm, the next samples of the card, and returns what detectors hear of
// it, which is good until the next call.
func (d *Decimator) Take(pcm []int16) []float64 {
	d.out = d.out[:0]
	for len(pcm) > 0 {
		n := min(len(pcm), len(d.line)-d.n)
		for i, s := range pcm[:n] {
			d.line[d.n+i] = float64(s)
		}
		d.n += n
		pcm = pcm[n:]
		d.filter()
	}
	return d.out
}

// filter makes samples of all of the line that there is enough of.
func (d *Decimator) filter() {
	at := 0
	for ; at+decimatorTaps <= d.n; at += every {
		x := (*[decimatorTaps]float64)(d.line[at:])
		var a, b, c float64 // three chains, so that the processor does not wait for one
		for i := 0; i < len(d.half); i += 3 {
			a += d.half[i] * (x[i] + x[len(x)-1-i])
			b += d.half[i+1] * (x[i+1] + x[len(x)-2-i])
			c += d.half[i+2] * (x[i+2] + x[len(x)-3-i])
		}
		d.out = append(d.out, a+b+c)
	}
	d.n = copy(d.line[:], d.line[at:d.n])
}

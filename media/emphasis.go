package media

import "math"

const (
	// emphasisTime is the time constant of FM voice radios: 6 dB an octave from 300 to
	// 3000 Hz (TIA-603).
	emphasisTime = 750e-6 // s: from 212 Hz on
	// emphasisTop is where pre-emphasis ends, in Hz.
	emphasisTop = 6000.0
	// emphasisPivot is the frequency in Hz that keeps its level.
	emphasisPivot = 1000.0
)

// Emphasis is a filter of first order for a port that is wired to a radio's
// discriminator or modulator. One goroutine uses it; nothing in it allocates.
type Emphasis struct {
	b0, b1, a1 float64
	x, y       float64 // the sample before, in and out
}

// NewDeEmphasis undoes what the transmitter of a radio did to speech: -6 dB an octave,
// to 2 dB, from 300 to 3000 Hz. 1 kHz keeps its level.
func NewDeEmphasis() *Emphasis { return newEmphasis(0, 1/(2*math.Pi*emphasisTime)) }

// NewPreEmphasis does what the receivers of radios undo: +6 dB an octave, to 2 dB, from
// 300 to 3000 Hz. 1 kHz keeps its level, and what gets too loud is bent, not clipped.
func NewPreEmphasis() *Emphasis { return newEmphasis(1/(2*math.Pi*emphasisTime), emphasisTop) }

// newEmphasis rises from the frequency zero on, where it is not 0, and falls from pole on
// (bilinear transform).
func newEmphasis(zero, pole float64) *Emphasis {
	p := math.Tan(math.Pi * pole / SampleRate)
	e := &Emphasis{b0: p, b1: p, a1: (p - 1) / (p + 1)}
	if zero > 0 {
		z := math.Tan(math.Pi * zero / SampleRate)
		e.b0, e.b1 = 1+z, z-1
	}
	// One at the pivot.
	w := 2 * math.Pi * emphasisPivot / SampleRate
	up := math.Hypot(e.b0+e.b1*math.Cos(w), e.b1*math.Sin(w))
	down := math.Hypot(1+e.a1*math.Cos(w), e.a1*math.Sin(w))
	e.b0, e.b1 = e.b0*down/up, e.b1*down/up
	return e
}

// Process filters pcm, the next samples, in place.
func (e *Emphasis) Process(pcm []int16) {
	x1, y1 := e.x, e.y
	for i, s := range pcm {
		x := float64(s)
		y := e.b0*x + e.b1*x1 - e.a1*y1
		x1, y1 = x, y
		pcm[i] = limit(int32(math.RoundToEven(y)))
	}
	if math.Abs(y1) < 1e-9 { // numbers that are nearly 0 take a processor long
		y1 = 0
	}
	e.x, e.y = x1, y1
}

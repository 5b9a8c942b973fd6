package detect

import "math"

const (
	// bandsFrame is what is looked at at once (20 ms).
	bandsFrame = Rate / 50
	// bandCount frequencies from bandsLowest Hz on, bandsApart from one to the next,
	// are what every radio and every codec lets through.
	bandCount   = 8
	bandsLowest = 400.0
	bandsApart  = 300.0
	// bandsUnit makes loudness fine enough for a radio's hiss, and coarse enough for
	// the fourth powers of a window to fit into 64 bit.
	bandsUnit = 512
)

// leaks is how many times softer than the whole frame a change is that does not count:
// what a pure tone leaks into the bands beside it comes and goes evenly with its phase.
const leaks = 16

// loudness is how loud a frame is at each frequency, and as a whole: the square root of
// the amplitude, as the ear has it, so that soft and loud sounds both count. Whole
// numbers: a sine of full scale is 3238.
type loudness struct {
	at    [bandCount]int32
	whole int32
}

// change is by how much a frame is louder than another at each frequency.
type change [bandCount]int32

// since is the change from before.
func (l loudness) since(before loudness) (c change) {
	least := max(l.whole, before.whole) / leaks
	for i := range c {
		if d := l.at[i] - before.at[i]; max(d, -d) > least {
			c[i] = d
		}
	}
	return c
}

// or is what is heard of both, the louder at each frequency.
func (l loudness) or(other loudness) loudness {
	for i := range l.at {
		l.at[i] = max(l.at[i], other.at[i])
	}
	l.whole = max(l.whole, other.whole)
	return l
}

// bands makes of sound the loudness of its frames.
type bands struct {
	frame  [bandsFrame]float64
	n      int
	sounds bool // anything of the frame is not 0
	window [bandsFrame]float64
	at     [bandCount]goertzel
}

func newBands() *bands {
	b := &bands{}
	for i := range b.window {
		b.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/bandsFrame)
	}
	for i := range b.at {
		b.at[i] = newGoertzel(bandsLowest+bandsApart*float64(i), Rate)
	}
	return b
}

// add processes the next samples up to the end of a frame. It returns what is left
// of low and, if the frame is full, its loudness. Silence costs nothing.
func (b *bands) add(low []float64) (rest []float64, l loudness, full bool) {
	n := min(len(low), len(b.frame)-b.n)
	for i, x := range low[:n] {
		b.frame[b.n+i] = x * b.window[b.n+i]
		b.sounds = b.sounds || x != 0
	}
	rest = low[n:]
	if b.n += n; b.n < len(b.frame) {
		return rest, l, false
	}
	if b.sounds {
		l = b.measure()
	}
	b.restart()
	return rest, l, true
}

// restart begins a frame with the next sample.
func (b *bands) restart() { b.n, b.sounds = 0, false }

// measure returns the loudness of the full frame.
func (b *bands) measure() (l loudness) {
	for i := 0; i < len(b.at); i += 4 {
		re, im := fourOf(b.at[i], b.at[i+1], b.at[i+2], b.at[i+3], b.frame[:])
		for k := range re {
			l.at[i+k] = int32(bandsUnit * math.Sqrt(math.Sqrt(re[k]*re[k]+im[k]*im[k])))
		}
	}
	var energy float64
	for _, x := range b.frame {
		energy += x * x
	}
	// By the window's mean and its mean square a sine is as loud as at its frequency.
	l.whole = int32(bandsUnit * math.Sqrt(math.Sqrt(energy*bandsFrame/3)))
	return l
}

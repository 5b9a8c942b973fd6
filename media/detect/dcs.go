package detect

import (
	"math"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

const (
	// dcsEvery is the decimation to 1 kHz, 7.4 samples a bit.
	dcsEvery = 8
	dcsRate  = Rate / dcsEvery
	// dcsWindow is one code word (171 ms), dcsHop what of it is new each time (25 ms).
	dcsWindow = 171
	dcsHop    = 25
	// dcsCorner keeps speech out: a voice at 200 Hz is as loud as the code at times.
	dcsCorner = 140.0
	// dcsCoupling is the corner in Hz of a high-pass before the comparison. It is above
	// those of sound cards, so a code without its lowest frequencies is still the same.
	dcsCoupling = 25.0
	// dcsLike is the least correlation with the code's own waveform. Two words differ in
	// 7 bits of 23 at least, so another code reaches 0.4.
	dcsLike = 0.7
	// dcsFaint is the least level in dBFS.
	dcsFaint = -55.0
	// dcsSlip is by how many samples the code may run ahead or lag from one look to the
	// next.
	dcsSlip = 2
	// It is there once it was seen so many times in a row, and gone once it was not.
	dcsSeen, dcsGone = 4, 5
	// dcsTurnOff is the least share of the turn-off code's tone in the latest
	// dcsTail samples.
	dcsTurnOff = 0.6
	dcsTail    = 75
)

// DCS tells whether a radio's digital code is there.
type DCS struct {
	code   media.DCSCode
	filter *biquad.Filter
	work   []float64
	n      int     // samples since the latest at dcsRate
	last   float64 // sample at dcsRate
	passed float64 // sample behind the coupling
	window [dcsWindow]float64
	fresh  int

	model [2 * dcsWindow]float64 // two words, behind the coupling
	norm  float64                // of one of them
	at    int                    // where in the word the window began at the latest look
	end   goertzel

	seen, gone int
	open       bool
}

// NewDCS returns a detector of a code that has heard nothing.
func NewDCS(code media.DCSCode) *DCS {
	d := &DCS{code: code, filter: biquad.LowPass(dcsCorner, Rate), end: newGoertzel(media.DCSRate, dcsRate)}
	word := code.Word()
	// The model has passed what the radio's sound passes. The words before it make the
	// start of the filters inaudible.
	bit := make([]float64, 1)
	for i := -4 * dcsWindow * dcsEvery; i < len(d.model)*dcsEvery; i++ {
		place := math.Mod(float64(i)/Rate*media.DCSRate+8*media.DCSBits, media.DCSBits)
		bit[0] = float64(word>>int(place)&1)*2 - 1
		d.filter.Process(bit)
		if i%dcsEvery != 0 {
			continue
		}
		if x := d.couple(bit[0]); i >= 0 {
			d.model[i/dcsEvery] = x
		}
	}
	d.norm = math.Sqrt(power(d.model[:dcsWindow]) * dcsWindow)
	d.filter, d.last, d.passed = biquad.LowPass(dcsCorner, Rate), 0, 0
	return d
}

// String names it by its code.
func (d *DCS) String() string { return "DCS " + d.code.String() }

// Hear processes low, the next of the radio at Rate, and reports whether the code is
// there and, when that has changed, how many samples of the card before the end of low
// it came or went. What the loudspeaker is given does not matter.
func (d *DCS) Hear(low []float64, _ float64) (open bool, ago int) {
	d.work = append(d.work[:0], low...)
	d.filter.Process(d.work)
	for i, x := range d.work {
		if d.n++; d.n < dcsEvery {
			continue
		}
		d.n = 0
		d.window[dcsWindow-dcsHop+d.fresh] = d.couple(x)
		if d.fresh++; d.fresh < dcsHop {
			continue
		}
		d.fresh = 0
		was := d.open
		d.follow()
		copy(d.window[:], d.window[dcsHop:])
		if d.open != was {
			ago = (len(low) - 1 - i) * every
			if d.open {
				ago += (dcsSeen*dcsHop + dcsWindow/2) * dcsEvery * every
			}
		}
	}
	return d.open, ago
}

// couple is a high-pass of first order.
func (d *DCS) couple(x float64) float64 {
	const a = 1 / (1 + 2*math.Pi*dcsCoupling/dcsRate)
	d.passed = a * (d.passed + x - d.last)
	d.last = x
	return d.passed
}

func (d *DCS) follow() {
	switch {
	case d.there():
		d.seen++
		d.gone = 0
	case d.turnedOff():
		d.seen, d.gone = 0, dcsGone
	default:
		d.seen = 0
		d.gone++
	}
	switch {
	case !d.open && d.seen >= dcsSeen:
		d.open = true
	case d.open && d.gone >= dcsGone:
		d.open = false
	}
}

// there reports whether the window shows the code, where it is to be after the latest
// look if it was seen then.
func (d *DCS) there() bool {
	energy := power(d.window[:]) * dcsWindow
	if energy < math.Pow(10, dcsFaint/10)*dcsWindow {
		return false
	}
	least := dcsLike * d.norm * math.Sqrt(energy)
	from, n := 0, dcsWindow
	if d.seen > 0 || d.open {
		from, n = d.at+dcsHop-dcsSlip, 2*dcsSlip+1
	}
	d.at = (d.at + dcsHop) % dcsWindow
	there := false
	for i := from; i < from+n; i++ {
		if like := d.likeness(i % dcsWindow); like > least {
			least, there = like, true
			d.at = i % dcsWindow
		}
	}
	return there
}

// likeness is the scalar product of the window and the word from a place on.
func (d *DCS) likeness(at int) (sum float64) {
	model := d.model[at : at+dcsWindow]
	for i, x := range d.window {
		sum += x * model[i]
	}
	return sum
}

// turnedOff reports whether the end of the window is the turn-off code.
func (d *DCS) turnedOff() bool {
	tail := d.window[dcsWindow-dcsTail:]
	re, im := d.end.of(tail)
	return 2*(re*re+im*im)/(dcsTail*dcsTail) > dcsTurnOff*power(tail)
}

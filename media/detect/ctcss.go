package detect

import (
	"fmt"
	"math"

	"github.com/talkgate/talkgate/media/biquad"
)

// CTCSSMin and CTCSSMax are the lowest and highest tone that is decoded, in Hz.
const CTCSSMin, CTCSSMax = 60.0, 260.0

// CTCSSTones are the tones that radios on the market offer in Hz, lowest first: those of
// TIA-603 and the others that makers have added.
func CTCSSTones() []float64 {
	return []float64{
		67.0, 69.3, 71.9, 74.4, 77.0, 79.7, 82.5, 85.4, 88.5, 91.5, 94.8, 97.4, 100.0, 103.5, 107.2, 110.9, 114.8,
		118.8, 123.0, 127.3, 131.8, 136.5, 141.3, 146.2, 150.0, 151.4, 156.7, 159.8, 162.2, 165.5, 167.9, 171.3, 173.8,
		177.3, 179.9, 183.5, 186.2, 189.9, 192.8, 196.6, 199.5, 203.5, 206.5, 210.7, 218.1, 225.7, 229.1, 233.6, 241.8,
		250.3, 254.1,
	}
}

const (
	// ctcssEvery is the decimation to 1 kHz.
	ctcssEvery = 8
	ctcssRate  = Rate / ctcssEvery
	// ctcssWindow is what is looked at at once (200 ms), ctcssHop what of it is new
	// each time (25 ms).
	ctcssWindow = 200
	ctcssHop    = 25
	// ctcssCorner keeps speech out.
	ctcssCorner = 270.0
	// ctcssPure is the least share that the tone has of all sound below it,
	// ctcssFaint its least level in dBFS.
	ctcssPure  = 0.45
	ctcssFaint = -55.0
	// ctcssOff is the largest deviation from its frequency in Hz, or, if that is more,
	// ctcssOffShare of it: a tone may be off by 0.5 Hz, and by 0.5 %, as TIA-603 has it.
	// One that is 2 Hz away is another.
	ctcssOff      = 1.1
	ctcssOffShare = 0.006
	// ctcssFalls is what of its power a tone that goes on has at least from one look to
	// the next: of one that leaves the window an eighth of it leaves at a time.
	ctcssFalls = 0.8
	// It is there once it was seen so many times in a row, and gone once it was not.
	ctcssSeen, ctcssGone = 6, 6
)

// CTCSS tells whether a radio's sub-audible tone is there.
type CTCSS struct {
	hz     float64
	filter *biquad.Filter
	again  *biquad.Filter
	work   []float64
	n      int // samples since the latest at ctcssRate
	window [ctcssWindow]float64
	fresh  int

	tone  goertzel
	phase float64
	level float64 // mean square of the tone at the latest look

	seen, gone int
	open       bool
}

// NewCTCSS returns a detector of a tone that has heard nothing. The error names the
// range of its frequency.
func NewCTCSS(hz float64) (*CTCSS, error) {
	if !(hz >= CTCSSMin && hz <= CTCSSMax) {
		return nil, fmt.Errorf("CTCSS tone of %g Hz: expected %g to %g Hz", hz, CTCSSMin, CTCSSMax)
	}
	return &CTCSS{hz: hz, filter: biquad.LowPass(ctcssCorner, Rate), again: biquad.LowPass(ctcssCorner, Rate), tone: newGoertzel(hz, ctcssRate)}, nil
}

// String names it by its tone.
func (c *CTCSS) String() string { return fmt.Sprintf("CTCSS %.1f Hz", c.hz) }

// Hear processes low, the next of the radio at Rate, and reports whether the tone is
// there and, when that has changed, how many samples of the card before the end of low
// it came or went: it takes a fifth of a second to tell. What the loudspeaker is given
// does not matter.
func (c *CTCSS) Hear(low []float64, _ float64) (open bool, ago int) {
	c.work = append(c.work[:0], low...)
	c.filter.Process(c.work)
	c.again.Process(c.work)
	for i, x := range c.work {
		if c.n++; c.n < ctcssEvery {
			continue
		}
		c.n = 0
		c.window[ctcssWindow-ctcssHop+c.fresh] = x
		if c.fresh++; c.fresh < ctcssHop {
			continue
		}
		c.fresh = 0
		was := c.open
		c.follow(c.evaluate())
		copy(c.window[:], c.window[ctcssHop:])
		if c.open != was {
			ago = (len(low) - 1 - i) * every
			if c.open {
				ago += (ctcssSeen*ctcssHop + ctcssWindow/2) * ctcssEvery * every
			}
		}
	}
	return c.open, ago
}

func (c *CTCSS) follow(there bool) {
	if there {
		c.seen++
		c.gone = 0
	} else {
		c.gone++
		c.seen = 0
	}
	switch {
	case !c.open && c.seen >= ctcssSeen:
		c.open = true
	case c.open && c.gone >= ctcssGone:
		c.open = false
	}
}

// evaluate reports whether the window shows the tone.
func (c *CTCSS) evaluate() bool {
	re, im := c.tone.of(c.window[:])
	phase := math.Atan2(im, re)
	// By how much the phase runs ahead of the tone's own tells the frequency.
	turned := math.Remainder(phase-c.phase-2*math.Pi*c.hz*ctcssHop/ctcssRate, 2*math.Pi)
	c.phase = phase
	level, before := 2*(re*re+im*im)/(ctcssWindow*ctcssWindow), c.level
	c.level = level
	off := turned / (2 * math.Pi) * ctcssRate / ctcssHop
	return level > ctcssFalls*before && level > math.Pow(10, ctcssFaint/10) && level > ctcssPure*power(c.window[:]) && math.Abs(off) < max(ctcssOff, ctcssOffShare*c.hz)
}

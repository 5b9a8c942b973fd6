package detect

import (
	"fmt"
	"math"
	"slices"

	"github.com/talkgate/talkgate/media/biquad"
)

// CTCSSTones are the tones of EIA/TIA-603 in Hz, lowest first.
func CTCSSTones() []float64 {
	return []float64{
		67.0, 69.3, 71.9, 74.4, 77.0, 79.7, 82.5, 85.4, 88.5, 91.5, 94.8, 97.4, 100.0, 103.5, 107.2, 110.9, 114.8,
		118.8, 123.0, 127.3, 131.8, 136.5, 141.3, 146.2, 151.4, 156.7, 162.2, 167.9, 173.8, 179.9, 186.2, 192.8,
		203.5, 206.5, 210.7, 218.1, 225.7, 229.1, 233.6, 241.8, 250.3, 254.1,
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
	// ctcssOff is the largest deviation from its frequency in Hz: half of the way to
	// the nearest other tone is more.
	ctcssOff = 1.1
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

// NewCTCSS returns a detector of one of CTCSSTones that has heard nothing.
func NewCTCSS(hz float64) (*CTCSS, error) {
	if !slices.Contains(CTCSSTones(), hz) {
		return nil, fmt.Errorf("CTCSS tone of %g Hz: expected one of EIA/TIA-603, such as 88.5", hz)
	}
	return &CTCSS{hz: hz, filter: biquad.LowPass(ctcssCorner, Rate), again: biquad.LowPass(ctcssCorner, Rate), tone: newGoertzel(hz, ctcssRate)}, nil
}

// String names it by its tone.
func (c *CTCSS) String() string { return fmt.Sprintf("CTCSS %.1f Hz", c.hz) }

// Hear takes in low, the next of the radio at Rate, and reports whether the tone is
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
		c.follow(c.look())
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

// look reports whether the window shows the tone.
func (c *CTCSS) look() bool {
	re, im := c.tone.of(c.window[:])
	phase := math.Atan2(im, re)
	// By how much the phase runs ahead of the tone's own tells the frequency.
	turned := math.Remainder(phase-c.phase-2*math.Pi*c.hz*ctcssHop/ctcssRate, 2*math.Pi)
	c.phase = phase
	level, before := 2*(re*re+im*im)/(ctcssWindow*ctcssWindow), c.level
	c.level = level
	off := turned / (2 * math.Pi) * ctcssRate / ctcssHop
	return level > ctcssFalls*before && level > math.Pow(10, ctcssFaint/10) && level > ctcssPure*power(c.window[:]) && math.Abs(off) < ctcssOff
}

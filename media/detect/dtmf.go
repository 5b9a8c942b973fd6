package detect

import (
	"math"

	"github.com/talkgate/talkgate/media/biquad"
)

// A digit is one of four low tones with one of four high ones (ITU-T Q.23). What is
// taken for one follows ITU-T Q.24 and Bellcore's tests against talk-off.
const (
	// dtmfBlock is what is looked at at once (12.75 ms), half of which is new each
	// time.
	dtmfBlock = 102
	// dtmfFaint is the least level of each tone in dBFS.
	dtmfFaint = -45.0
	// dtmfTwist is by how many dB the high tone may be above the low one,
	// dtmfReverse by how many below.
	dtmfTwist, dtmfReverse = 11.0, 11.0
	// dtmfCorner in Hz keeps hum and CTCSS out, which de-emphasis makes loud.
	dtmfCorner = 300.0
	// dtmfPure is the least share of all sound that the two tones are.
	dtmfPure = 0.70
	// dtmfAlone in dB is by how much a tone is above the others of its group.
	dtmfAlone = 6.0
	// dtmfOff is the largest deviation of a tone from its frequency.
	dtmfOff = 0.025
	// A digit is one that is seen in so many blocks, 6.4 ms apart: 40 ms of it are,
	// 23 ms are not. It is over once so many blocks are not it.
	dtmfSeen, dtmfGone = 4, 3
)

// DTMF decodes digits.
type DTMF struct {
	filter *biquad.Filter
	work   []float64
	block  [dtmfBlock]float64
	n      int // samples in it
	tones  [8]tone

	candidate byte
	seen      int
	digit     byte
	gone      int
}

// tone is one of the eight, and what it is in the latest block.
type tone struct {
	hz     float64
	at     goertzel
	re, im float64
}

// NewDTMF returns a decoder that has heard nothing.
func NewDTMF() *DTMF {
	d := &DTMF{filter: biquad.HighPass(dtmfCorner, Rate)}
	for i, hz := range [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633} {
		d.tones[i] = tone{hz: hz, at: newGoertzel(hz, Rate)}
	}
	return d
}

// Hear processes low, the next samples at Rate, and returns the digit that began in them:
// one of 0123456789ABCD*#, or 0 for none. There is at most one in 40 ms.
func (d *DTMF) Hear(low []float64) (digit byte) {
	d.work = append(d.work[:0], low...)
	d.filter.Process(d.work)
	for low = d.work; len(low) > 0; {
		n := copy(d.block[d.n:], low)
		low = low[n:]
		if d.n += n; d.n < len(d.block) {
			break
		}
		if got := d.follow(d.evaluate()); got != 0 {
			digit = got
		}
		d.n = copy(d.block[:], d.block[dtmfBlock/2:])
	}
	return digit
}

// Digit is the digit that is heard at the moment, 0 for none.
func (d *DTMF) Digit() byte { return d.digit }

// follow processes what a block shows, and returns a digit once it has lasted.
func (d *DTMF) follow(shown byte) (digit byte) {
	if d.digit != 0 {
		if shown == d.digit {
			d.gone = 0
		} else if d.gone++; d.gone >= dtmfGone {
			d.digit = 0
		}
	}
	if shown == 0 || shown != d.candidate {
		d.candidate, d.seen = shown, 0
	}
	if shown == 0 {
		return 0
	}
	if d.seen++; d.seen == dtmfSeen && shown != d.digit {
		d.digit, d.gone = shown, 0
		return shown
	}
	return 0
}

// evaluate returns the digit that the block shows, 0 for none.
func (d *DTMF) evaluate() byte {
	var all float64
	for _, x := range d.block {
		all += x * x
	}
	all /= dtmfBlock
	t, was := &d.tones, d.tones
	lowRe, lowIm := fourOf(t[0].at, t[1].at, t[2].at, t[3].at, d.block[:])
	highRe, highIm := fourOf(t[4].at, t[5].at, t[6].at, t[7].at, d.block[:])
	var levels [8]float64 // mean squares
	for i := range t {
		t[i].re, t[i].im = lowRe[i%4], lowIm[i%4]
		if i >= 4 {
			t[i].re, t[i].im = highRe[i%4], highIm[i%4]
		}
		levels[i] = 2 * (t[i].re*t[i].re + t[i].im*t[i].im) / (dtmfBlock * dtmfBlock)
	}
	low, high := loudest(levels[:4]), 4+loudest(levels[4:])
	faint, twist := math.Pow(10, dtmfFaint/10), decibels(levels[high]/levels[low])
	switch {
	case levels[low] < faint || levels[high] < faint:
		return 0
	case levels[low]+levels[high] < dtmfPure*all:
		return 0
	case twist > dtmfTwist || twist < -dtmfReverse:
		return 0
	case !alone(levels[:4], low) || !alone(levels[4:], high-4):
		return 0
	case math.Abs(t[low].off(was[low])) > dtmfOff || math.Abs(t[high].off(was[high])) > dtmfOff:
		return 0
	}
	return "123A456B789C*0#D"[low*4+high-4]
}

// off is by what share a tone deviates from its frequency, as its phase has run ahead
// since the block before.
func (t tone) off(was tone) float64 {
	ahead := math.Atan2(t.im, t.re) - math.Atan2(was.im, was.re)
	turned := math.Remainder(ahead-2*math.Pi*t.hz*(dtmfBlock/2)/Rate, 2*math.Pi)
	return turned / (2 * math.Pi) * Rate / (dtmfBlock / 2) / t.hz
}

func loudest(levels []float64) (at int) {
	for i, l := range levels {
		if l > levels[at] {
			at = i
		}
	}
	return at
}

func alone(levels []float64, at int) bool {
	for i, l := range levels {
		if i != at && decibels(levels[at]/(l+1e-15)) < dtmfAlone {
			return false
		}
	}
	return true
}

func decibels(ratio float64) float64 { return 10 * math.Log10(ratio) }

package media

import "math"

// ducker makes a voice quieter while it is the lesser one. The gain changes over
// one frame; the zero value leaves everything as it is.
type ducker struct {
	cut      float64 // what is taken off the gain of a lesser voice, 0 to 1
	is, want float64 // of that, now and at the end of the next frame
}

// newDucker makes a lesser voice quieter by that many decibels, which are negative.
func newDucker(decibels float64) ducker { return ducker{cut: 1 - math.Pow(10, decibels/20)} }

// turn says what the next frame is, and whether it begins a talk spurt: there is
// nothing yet to fade from.
func (d *ducker) turn(lesser, first bool) {
	d.want = 0
	if lesser {
		d.want = d.cut
	}
	if first {
		d.is = d.want
	}
}

func (d *ducker) apply(pcm []int16) {
	if d.is == 0 && d.want == 0 {
		return
	}
	step := (d.want - d.is) / float64(len(pcm))
	for i, s := range pcm {
		pcm[i] = int16(math.RoundToEven(float64(s) * (1 - d.is - step*float64(i+1))))
	}
	d.is = d.want
}

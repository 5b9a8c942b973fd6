package demo

import (
	"math"
	"slices"
)

const (
	// chunk is the length, in samples, of the pieces of the reference by which a
	// recording is aligned with it: one frame.
	chunk = 960
	// grain is the length of the piece by which an edge is aligned, and shift how
	// far that may be from where the chunk was, since a jitter buffer stretches.
	grain = 480
	shift = 720
	// resemblance is the least normalised correlation of a piece with its place
	// in the recording. Opus at 24 kbit/s leaves about 0.8; by chance 0.4 is rare.
	resemblance = 0.5
	// thin is the decimation of the first search.
	thin = 2
)

// hearing is what became of a reference on its way.
type hearing struct {
	// start and end are how many samples of the reference are missing at either
	// end, as far as can be heard: see clipTolerance.
	start, end int
	// first and last are the places in the recording, in samples, at which the
	// reference's first and one-past-last samples are heard or would have been.
	// They are reckoned from either end, because a jitter buffer may shift what
	// lies between.
	first, last int
}

// clipTolerance is how far hearing.start and hearing.end may be off. Opus
// reproduces the waveform with some noise, more so where it starts from nothing;
// within so many samples of an edge, what was said and what was not cannot be
// told apart.
const clipTolerance = 240

// listen finds reference in recording. It is false when they have nothing in
// common.
func listen(reference, recording []int16) (hearing, bool) {
	start, first, ok := edge(reference, recording)
	if !ok {
		return hearing{start: len(reference), end: len(reference)}, false
	}
	backward, recordedBackward := slices.Clone(reference), slices.Clone(recording)
	slices.Reverse(backward)
	slices.Reverse(recordedBackward)
	end, last, ok := edge(backward, recordedBackward)
	if !ok {
		return hearing{start: start, end: len(reference), first: first}, false
	}
	return hearing{start: start, end: end, first: first, last: len(recording) - last}, true
}

// edge returns how many samples are missing at the start of reference, and the
// place of its first sample in recording.
func edge(reference, recording []int16) (missing, place int, ok bool) {
	anchor, ok := anchor(reference, recording)
	if !ok {
		return 0, 0, false
	}
	for at := 0; at+grain <= len(reference); at += grain / 2 {
		piece := reference[at : at+grain]
		from := max(0, anchor+at-shift)
		to := min(len(recording), anchor+at+grain+shift)
		if from > to {
			continue
		}
		found, likeness := locate(piece, recording[from:to])
		if likeness < resemblance {
			continue
		}
		found += from
		place = found - at
		return silentUntil(reference[:at+grain], recording, place, gain(piece, recording[found:])), place, true
	}
	return 0, 0, false
}

// anchor returns the place of the first sample of reference in recording, going by
// the first long piece that is found.
func anchor(reference, recording []int16) (place int, ok bool) {
	for at := 0; at+chunk <= len(reference); at += chunk / 2 {
		found, likeness := locate(reference[at:at+chunk], recording)
		if likeness >= resemblance {
			return found - at, true
		}
	}
	return 0, false
}

// locate returns where in recording piece is, and how alike the two are there.
func locate(piece, recording []int16) (place int, likeness float64) {
	last := len(recording) - len(piece)
	var best float64
	for at := 0; at <= last; at += thin {
		if c := correlation(piece, recording[at:], thin); c > best {
			best, place = c, at
		}
	}
	from := place
	for at := max(0, from-thin); at <= min(last, from+thin); at++ {
		if c := correlation(piece, recording[at:], 1); c > likeness {
			likeness, place = c, at
		}
	}
	return place, likeness
}

// silentUntil is the most likely number of samples that were not heard before
// the rest was. For each sample it weighs two explanations: the recording is the
// reference, if only half as loud, or it has nothing to do with it.
func silentUntil(reference, recording []int16, place int, gain float64) int {
	var balance, best float64
	missing := len(reference)
	for i := len(reference) - 1; i >= 0; i-- {
		var heard float64
		if at := place + i; at >= 0 && at < len(recording) {
			heard = float64(recording[at])
		}
		said := gain / 2 * float64(reference[i])
		balance += (heard-said)*(heard-said) - heard*heard
		if balance < best {
			best, missing = balance, i
		}
	}
	return missing
}

// gain is how loud piece is in recording.
func gain(piece, recording []int16) float64 {
	var cross, power float64
	for i, v := range piece {
		cross += float64(v) * float64(recording[i])
		power += float64(v) * float64(v)
	}
	return cross / power
}

// correlation is the normalised correlation of piece with the head of recording,
// by every step-th sample.
func correlation(piece, recording []int16, step int) float64 {
	var cross, a, b float64
	for i := 0; i < len(piece); i += step {
		x, y := float64(piece[i]), float64(recording[i])
		cross += x * y
		a += x * x
		b += y * y
	}
	if a == 0 || b == 0 {
		return 0
	}
	return cross / math.Sqrt(a*b)
}

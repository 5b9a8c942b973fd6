package media

import "math"

const (
	// MaxStretched is the most samples Stretch makes of one slot.
	MaxStretched = MaxOpusSamples + maxLag

	// Voices repeat every 2.5 to 12.5 ms; what is cut out or put in must be a
	// whole number of such periods to leave no trace.
	minLag = 120
	maxLag = 600
	// fade is the overlap of the two ends of a splice.
	fade = 240
	// coarse is the decimation of the first search for the best lag.
	coarse = 4
	// alike is the least normalised correlation of two ends of a voice that are
	// joined; noise, where any splice will do, has none above unlike.
	alike  = 0.8
	unlike = 0.4
	// faint is the RMS amplitude (-50 dBFS) below which any splice is inaudible.
	faint = 100
)

// Stretch writes pcm to dst, shortened towards want samples when want is less than
// len(pcm) and lengthened towards it when it is more, without changing its pitch,
// and returns how many samples that made: a number between want and len(pcm). It
// overlaps the first 20 ms with themselves one or more pitch periods apart (WSOLA); a
// voice that is like itself at no such distance, and what is shorter than 20 ms, is
// copied as it is. The first and last samples stay, so slots join without a click.
// dst has room for MaxStretched samples and does not overlap pcm.
func Stretch(dst, pcm []int16, want int) int {
	longest := min(max(want-len(pcm), len(pcm)-want), maxLag)
	lag, ok := 0, false
	if longest >= minLag && len(pcm) >= FrameSamples {
		lag, ok = bestLag((*[FrameSamples]int16)(pcm), longest)
	}
	if !ok {
		return copy(dst, pcm)
	}
	from, to := 0, lag // shorten: leave at from, go on at to
	if want > len(pcm) {
		from, to = lag, 0
	}
	n := copy(dst, pcm[:from])
	for i := range fade {
		a, b := int(pcm[from+i]), int(pcm[to+i])
		dst[n+i] = int16((a*(fade-i) + b*i) / fade)
	}
	n += fade
	return n + copy(dst[n:], pcm[to+fade:])
}

// bestLag is the distance, at most longest, at which the start of the frame is
// most like its continuation.
func bestLag(frame *[FrameSamples]int16, longest int) (lag int, ok bool) {
	var thin [FrameSamples / coarse]float64
	for i := range thin {
		var sum int
		for _, s := range frame[i*coarse : (i+1)*coarse] {
			sum += int(s)
		}
		thin[i] = float64(sum) / coarse
	}
	var energy float64
	for _, s := range thin {
		energy += s * s
	}
	if energy < faint*faint*float64(len(thin)) {
		return longest, true
	}
	best, ever := -1.0, -1.0
	for l := minLag / coarse; l <= maxLag/coarse; l++ {
		c := likeness(thin[:fade/coarse], thin[l:l+fade/coarse])
		if c > best && l <= longest/coarse {
			best, lag = c, l*coarse
		}
		ever = max(ever, c)
	}
	if ever < unlike {
		return longest, true
	}
	if best < alike {
		return 0, false
	}
	var head, tail [fade]float64
	widen(head[:], frame[:fade])
	best = -1
	for l := max(minLag, lag-coarse+1); l <= min(longest, lag+coarse-1); l++ {
		widen(tail[:], frame[l:l+fade])
		if c := likeness(head[:], tail[:]); c > best {
			best, lag = c, l
		}
	}
	return lag, true
}

// likeness is the normalised cross-correlation, -1 to 1.
func likeness(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		y := b[i]
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

func widen(dst []float64, src []int16) {
	for i, s := range src {
		dst[i] = float64(s)
	}
}

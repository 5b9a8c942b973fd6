package media

import "math"

// Beeps is n short beeps, after each five of them a longer pause, that much louder or
// softer in decibels than the tones of a Tones.
func Beeps(n int, gain float64) []int16 {
	var notes []note
	for i := range n {
		if i > 0 {
			pause := 120.0
			if i%5 == 0 {
				pause = 360
			}
			notes = append(notes, note{0, pause})
		}
		notes = append(notes, note{1320, 70})
	}
	pcm := synthesise(notes...)
	factor := math.Pow(10, gain/20)
	for i, s := range pcm {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, factor*float64(s))))
	}
	return pcm
}

package detect

import "github.com/talkgate/talkgate/media"

// MutingDelay is by how many samples Muting delays the sound (75 ms): a digit is
// known at most 48 ms after it began, ten of them for the period that it is told with,
// and the rest is for one that begins in noise.
const MutingDelay = 75 * media.SampleRate / 1000

// Muting keeps digits from being heard, from their beginning. What lies between two
// of them by less than its delay is muted with them. One goroutine uses it; nothing in
// it allocates.
type Muting struct {
	line [MutingDelay]int16
	at   int
	left int // samples that are muted from now on
}

// Process replaces pcm, the next samples, by those of MutingDelay ago, muted while
// digit, which says whether there was one in pcm, and the delay after it.
func (m *Muting) Process(pcm []int16, digit bool) {
	if digit {
		m.left = len(pcm) + MutingDelay
	}
	for i := range pcm {
		pcm[i], m.line[m.at] = m.line[m.at], pcm[i]
		if m.at++; m.at == len(m.line) {
			m.at = 0
		}
	}
	muted := min(len(pcm), m.left)
	clear(pcm[:muted])
	m.left -= muted
}

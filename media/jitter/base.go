package jitter

import "slices"

const (
	blockLength = rate / 4 // samples
	blocks      = 16       // 4 s
	fitBlocks   = 6        // fewer say nothing about skew
	maxSkew     = 0.07
)

// base follows the transit time of the fastest packets of one talk spurt: the
// lower edge of arrival minus timestamp, which leans when the two clocks
// differ. Times are in samples.
type base struct {
	min  [blocks]point // of the last blocks, oldest overwritten; the current one is at n-1
	n    int
	end  int64   // of the current block
	skew float64 // of transit per sample: the receiver's clock against the sender's
}

type point struct{ at, transit int64 }

// reset forgets the transit, which is another with each spurt, and keeps the
// skew, which most often is that of the same talker.
func (b *base) reset() { *b = base{skew: b.skew} }

// observe takes one packet's arrival into account and returns how much later it
// came than the fastest would have.
func (b *base) observe(at, transit int64) (behind int64) {
	switch {
	case b.n == 0 || at >= b.end:
		b.fit()
		b.end = at + blockLength
		b.min[b.n%blocks] = point{at, transit}
		b.n++
	default:
		if m := &b.min[(b.n-1)%blocks]; transit-b.lean(at-m.at) < m.transit {
			*m = point{at, transit}
		}
	}
	return max(0, transit-b.at(at))
}

// at is the transit of the fastest packet at a time, as far as is known.
func (b *base) at(at int64) int64 {
	low := int64(1<<62 - 1)
	for _, p := range b.min[:min(b.n, blocks)] {
		low = min(low, p.transit+b.lean(at-p.at))
	}
	return low
}

func (b *base) lean(d int64) int64 { return int64(b.skew * float64(d)) }

// fit sets the skew to the median of the slopes between blocks (Theil-Sen):
// a queue that built up and went away again does not bend it.
func (b *base) fit() {
	n := min(b.n, blocks)
	if n < fitBlocks {
		return
	}
	var slopes [blocks * (blocks - 1) / 2]float64
	k := 0
	for i, p := range b.min[:n] {
		for _, q := range b.min[:i] {
			if q.at != p.at {
				slopes[k] = float64(p.transit-q.transit) / float64(p.at-q.at)
				k++
			}
		}
	}
	if k == 0 {
		return
	}
	slices.Sort(slopes[:k])
	b.skew = max(-maxSkew, min(maxSkew, slopes[k/2]))
}

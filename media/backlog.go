package media

// backlog is what was said and has to wait, first in, first out. What does not fit
// is lost, so that what is left is whole from its beginning.
type backlog struct {
	ring    []int16
	head, n int
}

func newBacklog(samples int) backlog { return backlog{ring: make([]int16, samples)} }

// push appends what fits of pcm, and returns how much that is.
func (b *backlog) push(pcm []int16) int {
	fits := min(len(pcm), len(b.ring)-b.n)
	for _, s := range pcm[:fits] {
		b.ring[(b.head+b.n)%len(b.ring)] = s
		b.n++
	}
	return fits
}

// exchange replaces pcm by what came first, and appends it.
func (b *backlog) exchange(pcm []int16) {
	for i, s := range pcm {
		if b.n == 0 {
			return
		}
		pcm[i], b.ring[(b.head+b.n)%len(b.ring)] = b.ring[b.head], s
		b.head = (b.head + 1) % len(b.ring)
	}
}

// pop fills pcm with what came first, and with silence where there is no more.
func (b *backlog) pop(pcm []int16) {
	have := min(len(pcm), b.n)
	for i := range have {
		pcm[i] = b.ring[(b.head+i)%len(b.ring)]
	}
	clear(pcm[have:])
	if b.n -= have; len(b.ring) > 0 {
		b.head = (b.head + have) % len(b.ring)
	}
}

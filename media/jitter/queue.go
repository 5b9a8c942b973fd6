package jitter

import (
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
)

// capacity is how many packets are held, in the queue and in order together: 2.56 s
// of 20 ms each, 320 ms of the shortest. It is a power of two.
const capacity = 128

// cell is one packet, copied.
type cell struct {
	media.Packet
	length int64 // samples
	opus   [media.MaxOpusPacket]byte
}

// ring hands cell numbers from one goroutine to one other.
type ring struct {
	cells      [capacity]uint8
	head, tail atomic.Uint32 // of the reader, of the writer
}

func (r *ring) put(c uint8) {
	t := r.tail.Load()
	r.cells[t%capacity] = c
	r.tail.Store(t + 1)
}

func (r *ring) take() (c uint8, ok bool) {
	h := r.head.Load()
	if h == r.tail.Load() {
		return 0, false
	}
	c = r.cells[h%capacity]
	r.head.Store(h + 1)
	return c, true
}

package demo

import (
	"hash/maphash"
	"sync/atomic"
	"time"
)

// packet is one frame that passed a probe.
type packet struct {
	// began and ended enclose the call that handed the frame on; for a frame
	// that came in, both are when it was read from the network.
	began, ended time.Time
	timestamp    uint32
	// first starts a talk spurt.
	first bool
	// print tells the frame from others: a hash of its payload.
	print uint64
	// opus is the payload, on a tape that keeps it.
	opus []byte
}

// tape is a record of packets. One goroutine writes, any may read; writing
// allocates nothing.
type tape struct {
	seed    maphash.Seed
	packets []packet
	length  atomic.Int64
	room    []byte // for payloads, what is left
	keep    bool
}

// payloadRoom is more than the usual payload has, in bytes.
const payloadRoom = 128

// newTape returns a tape for so many packets; keep has it keep their payloads.
func newTape(seed maphash.Seed, capacity int, keep bool) *tape {
	t := &tape{seed: seed, packets: make([]packet, capacity), keep: keep}
	if keep {
		t.room = make([]byte, capacity*payloadRoom)
	}
	return t
}

// write appends p, or drops it when the tape is full.
func (t *tape) write(p packet, payload []byte) {
	n := t.length.Load()
	if n == int64(len(t.packets)) {
		return
	}
	if t.keep {
		size := copy(t.room, payload)
		p.opus, t.room = t.room[:size:size], t.room[size:]
	}
	p.print = maphash.Bytes(t.seed, payload)
	t.packets[n] = p
	t.length.Store(n + 1)
}

// full tells that packets may have been dropped.
func (t *tape) full() bool { return t.mark() == len(t.packets) }

// mark is the place of the next packet.
func (t *tape) mark() int { return int(t.length.Load()) }

// since returns the packets from a mark on. They are not to be changed.
func (t *tape) since(mark int) []packet { return t.packets[mark:t.length.Load()] }

package red

import (
	"sync/atomic"

	"github.com/thesyncim/gopus/container/red"
)

// Packet is one Opus packet of a stream.
type Packet struct {
	// Seq and Timestamp are those of RTP (RFC 3550 section 5.1).
	Seq       uint16
	Timestamp uint32
	// Marker begins a talk spurt.
	Marker bool
	Opus   []byte
}

// window is how many sequence numbers back a Receiver remembers what it has had.
const window = 64

// Receiver takes what arrives of one stream, RED or plain Opus, and hands on each
// Opus packet once: the one that arrived, and before it those that were lost and
// have a copy in it. One goroutine uses it; anyone may call Recovered.
type Receiver struct {
	opus, red uint8
	on        func(Packet)

	begun   bool
	highest uint16
	seen    uint64 // bit i: highest-i was handed on
	old     int    // packets in a row from before the window
	blocks  [red.MaxDepth]red.Block

	recovered atomic.Uint64
}

// NewReceiver makes the receiver of a stream whose payload types of Opus and RED are
// given; a RED of zero is none. on gets the packets; their Opus is reused when it
// returns.
func NewReceiver(opus, red uint8, on func(Packet)) *Receiver {
	return &Receiver{opus: opus, red: red, on: on}
}

// Recovered is how many packets were lost and came as a copy.
func (r *Receiver) Recovered() uint64 { return r.recovered.Load() }

// Receive handles one packet of a payload type. It reports false for one that is
// neither Opus nor well-formed RED. Copies beyond [window] are of no use to anybody.
func (r *Receiver) Receive(payloadType uint8, p Packet) bool {
	switch {
	case payloadType == r.opus:
	case payloadType == r.red && r.red != 0:
		opus, blocks, err := red.ParseInto(p.Opus, r.opus, r.blocks[:0])
		if err != nil {
			return false
		}
		p.Opus = opus
		r.copies(blocks, p)
	default:
		return false
	}
	if r.fresh(p.Seq) {
		r.on(p)
	}
	return true
}

// copies hands on those of the packets before p that were lost. The last copy is of
// the packet right before p, and so on: a sender leaves none out in between.
func (r *Receiver) copies(blocks []red.Block, p Packet) {
	for i, b := range blocks {
		behind := len(blocks) - i
		seq := p.Seq - uint16(behind)
		if r.begun && int16(seq-r.highest) <= -window || !r.fresh(seq) {
			continue
		}
		r.recovered.Add(1)
		r.on(Packet{Seq: seq, Timestamp: p.Timestamp - uint32(b.TimestampOffset), Opus: b.Payload})
	}
}

// maxOld is how many packets in a row from before the window say that the stream began
// anew.
const maxOld = 3

// fresh reports whether a packet was not handed on yet, and notes that it now is. One
// that is older than the window counts as fresh: the jitter buffer knows better.
func (r *Receiver) fresh(seq uint16) bool {
	step := int16(seq - r.highest)
	if step > -window {
		r.old = 0
	} else {
		r.old++
	}
	switch {
	case r.old > maxOld:
		r.highest, r.seen, r.old = seq, ^uint64(0), 0 // what came before went out as old
	case !r.begun || step >= window:
		r.begun, r.highest, r.seen = true, seq, 1
	case step > 0:
		r.highest, r.seen = seq, r.seen<<step|1
	case step > -window:
		bit := uint64(1) << -step
		if r.seen&bit != 0 {
			return false
		}
		r.seen |= bit
	}
	return true
}

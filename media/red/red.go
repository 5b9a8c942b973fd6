// Package red sends copies of recent Opus packets along with new ones, and finds on
// the other side those that were lost (RFC 2198, "audio/red").
//
// A line without loss carries no copies: [Depth] says how many go along, by the loss
// that the other end reports (RFC 3550 section 6.4.2). Without copies a packet is
// plain Opus under the payload type of Opus, so not a byte is added.
//
// Copies never outlive their talk spurt: a packet with the marker bit has none.
package red

import "github.com/thesyncim/gopus/container/red"

const (
	// MaxCopies is how many copies of earlier packets go along at most.
	MaxCopies = 4
	// PayloadType is the one that browsers use for RED of Opus.
	PayloadType = 63
	// maxPayload bounds a payload with copies, bytes: what a datagram has room for on
	// any path. MaxRate bounds a stream with copies, bit/s: a line that loses packets may
	// be one that is full. A copy that does not fit is left out.
	maxPayload = 1100
	MaxRate    = 110_000
	// clock is that of RTP, in Hz (RFC 7587 section 4.1).
	clock = 48000
	// maxCopy is the largest copy, bytes, and headerBytes what one costs besides (RFC
	// 2198 section 3).
	maxCopy, headerBytes = 1<<10 - 1, 4
)

// Sender adds copies to the packets of one stream. One goroutine uses it. The zero
// value is ready once Opus is set.
type Sender struct {
	// Opus is the payload type of Opus.
	Opus uint8

	frames  [MaxCopies]red.Frame // the newest first
	buffers [MaxCopies][]byte
	n       int
	out     []byte
}

// Next returns the payload that carries opus and up to so many copies of the packets
// before it, and whether it is RED. It is plain Opus where there are no copies to
// send. first says that the packet begins a talk spurt. The payload is valid until
// the next call; opus is not kept. Once the buffers have grown it does not allocate.
func (s *Sender) Next(opus []byte, timestamp uint32, first bool, copies int) (payload []byte, isRED bool) {
	if first || copies == 0 {
		s.n = 0
	}
	copies = min(copies, MaxCopies)
	if copies == 0 {
		return opus, false
	}
	payload = opus
	if n := s.fitting(opus, timestamp, min(s.n, copies)); n > 0 {
		// Any distance will do: it is what tells the copies apart.
		out, bytes := red.BuildAppend(s.out[:0], opus, timestamp, s.frames[:n], n, 1, s.Opus)
		s.out = out
		if isRED = bytes > 0; isRED {
			payload = out
		}
	}
	s.remember(opus, timestamp)
	return payload, isRED
}

// fitting is how many of the newest n packets have room beside opus, which stands for
// the time since the packet before it.
func (s *Sender) fitting(opus []byte, timestamp uint32, n int) int {
	if n == 0 {
		return 0
	}
	room := min(maxPayload, int(timestamp-s.frames[0].Timestamp)*(MaxRate/8)/clock)
	size := 1 + len(opus)
	for i := range n {
		if size += headerBytes + len(s.frames[i].Payload); size > room {
			return i
		}
	}
	return n
}

// remember makes opus the newest packet.
func (s *Sender) remember(opus []byte, timestamp uint32) {
	if len(opus) == 0 || len(opus) > maxCopy {
		s.n = 0 // copies are told apart by their order, which has no gaps
		return
	}
	oldest := s.buffers[MaxCopies-1]
	copy(s.buffers[1:], s.buffers[:MaxCopies-1])
	copy(s.frames[1:], s.frames[:MaxCopies-1])
	s.buffers[0] = append(oldest[:0], opus...)
	s.frames[0] = red.Frame{Timestamp: timestamp, Payload: s.buffers[0]}
	s.n = min(s.n+1, MaxCopies)
}

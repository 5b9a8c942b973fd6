package jitter

import "github.com/talkgate/talkgate/media"

const (
	// maxStray is how far from its neighbours a packet of one spurt may be:
	// 10 s, in packets of the shortest length.
	maxStrayTime = 10 * rate
	maxStraySeq  = maxStrayTime / shortest
	// maxSpike is how late a packet may be and still continue its spurt.
	maxSpike = rate
)

// spurt is one talk spurt as it is received.
type spurt struct {
	id   uint32
	seq  int64 // the highest, extended beyond 16 bits
	ts   int64 // of that packet, extended beyond 32 bits; samples
	base base
}

// start begins a spurt with its first packet.
func (s *spurt) start(id uint32, p *media.Packet) {
	s.id, s.seq, s.ts = id, int64(p.Seq), int64(p.Timestamp)
	s.base.reset()
}

// extend gives p its place in the spurt, or false when it belongs to another.
func (s *spurt) extend(p *media.Packet, arrived int64) (seq, ts int64, ok bool) {
	if s.id == 0 {
		return 0, 0, false
	}
	dseq := int64(int16(p.Seq - uint16(s.seq)))
	dts := int64(int32(p.Timestamp - uint32(s.ts)))
	seq, ts = s.seq+dseq, s.ts+dts
	switch {
	case dseq < -maxStraySeq || dseq > maxStraySeq || dts < -maxStrayTime || dts > maxStrayTime:
	case dseq > 0 && (p.Marker || dts <= 0), dseq < 0 && dts >= 0, dseq == 0 && dts != 0:
	case dseq > 0 && arrived-ts-s.base.at(arrived) > maxSpike:
	default:
		return seq, ts, true
	}
	return 0, 0, false
}

package rtc

import (
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// maxGap is how many sequence numbers of one speaker may be missing before what
// follows counts as a new beginning: a second and more is no loss but a gate
// that was shut. SRTP itself tolerates no more than 2^15 (RFC 3711 section 3.3.1).
const maxGap = 64

// The timestamps of a stream run in a lane beside the clock. What was said before a
// grant comes all at once, and so is ahead of it.
const (
	// maxLead is how far a speaker may be ahead of the clock, in samples.
	maxLead = maxGap * media.FrameSamples
	// maxLag is how far behind.
	maxLag = media.SampleRate
	// nextLead is how far ahead one speaker may leave the stream to the next.
	nextLead = media.SampleRate / 5
)

// splice makes one RTP stream of the packets of successive speakers, each of
// which has its own SSRC, sequence numbers and timestamps.
type splice struct {
	start time.Time
	base  uint32 // timestamp at start

	ssrc     uint32
	in, seq  uint16 // newest sequence number, as received and as sent
	inTS     uint32 // timestamp of seq, as received
	at       int64  // when seq sounds, in samples since start: a night is longer than a timestamp can tell
	speaking bool
}

func newSplice(now time.Time) splice {
	return splice{start: now, base: rand.Uint32(), seq: uint16(rand.Uint32())}
}

// next is the sequence number, timestamp and marker to send a packet with.
func (s *splice) next(h *rtp.Header) (uint16, uint32, bool) {
	ahead := int16(h.SequenceNumber - s.in)
	if !s.speaking || h.SSRC != s.ssrc || ahead > maxGap || ahead < -maxGap {
		s.begin(h)
		return s.seq, s.timestamp(s.at), true
	}
	seq, at := s.seq+uint16(ahead), s.at+int64(int32(h.Timestamp-s.inTS))
	if ahead <= 0 {
		if at > s.at || at < s.at-maxLag {
			at = s.at + int64(ahead)*media.FrameSamples
		}
		return seq, s.timestamp(at), h.Marker
	}
	clock := s.clock()
	if at <= s.at || at < clock-maxLag || at > clock+maxLead {
		// It left the lane: it is put behind the packet before, within the lane.
		at = min(max(s.at+media.FrameSamples, clock-maxLag), clock+maxLead)
	}
	s.in, s.inTS, s.seq, s.at = h.SequenceNumber, h.Timestamp, seq, at
	return seq, s.timestamp(at), h.Marker
}

// clock is the time since start, in samples.
func (s *splice) clock() int64 {
	return time.Since(s.start).Microseconds() * (media.SampleRate / 1000) / 1000
}

func (s *splice) timestamp(at int64) uint32 { return s.base + uint32(at) }

// begin places the packet right behind the last in sequence, and in time where
// the clock is, since a receiver takes a timestamp that stood still for delay. A
// speaker that ran ahead of the clock delays the next one by nextLead at most.
func (s *splice) begin(h *rtp.Header) {
	now := s.clock()
	if s.speaking {
		now = max(now, min(s.at+media.FrameSamples, now+nextLead))
	}
	s.ssrc, s.in, s.inTS = h.SSRC, h.SequenceNumber, h.Timestamp
	s.seq++
	s.at = now
	s.speaking = true
}

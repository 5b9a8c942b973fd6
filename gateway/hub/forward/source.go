package forward

import (
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

const (
	// holdPackets bounds what is held back by number: a port whose grant took
	// long sends all it recorded meanwhile at once.
	holdPackets = 64
	// runGap is the silence after which a packet begins a new run, in case the
	// packet with the marker bit was lost.
	runGap = 100 * time.Millisecond
	// maxAhead is how much more sound than time has passed a member may send, and
	// overspeed how much faster than time it may send in the long run: nobody's flood
	// becomes that of all listeners, whatever its packets are called.
	maxAhead  = holdPackets * media.FrameDuration
	overspeed = 1.25
	// maxMisorder is how many packets late a packet may be (RFC 3550 appendix A.1).
	maxMisorder = 100
)

// heldPacket is one packet of a source that has not gone out yet.
type heldPacket struct {
	at   time.Time // when it arrived
	seq  uint16
	ts   uint32
	run  uint64
	size int
	data [media.MaxOpusPacket]byte
}

// Source is what one member sends: the packets that wait for the floor view to
// confirm the member. A run is what is sent in one go, from a marker bit or a
// silence on. Its fields belong to the gate.
type Source struct {
	UserID, UserName string
	// Unheard tells the member why nothing of what it sends goes out; nil tells nobody.
	Unheard func(reason string)
	// Reaches says on which other channels of the event its member's token lets it be
	// heard in an emergency; nil is none.
	Reaches func(channel string) bool

	ring    [holdPackets]heldPacket
	head, n int

	run    uint64    // of the newest packet
	closed uint64    // up to this run, nothing is held back any more
	last   time.Time // when the newest packet arrived
	seq    uint16    // of it
	pauses bool      // it was a media.Pause
	paid   time.Time // until when the sound that was sent lasts, at overspeed

	unheardSince, unheardTold time.Time // since when nothing goes out, and when that was told
}

// unheardAfter is how long a member may send while nothing goes out before it is told,
// and how often it is told then. Twice that is a lease.
const unheardAfter = 500 * time.Millisecond

// isUnheard says whether the member is to be told that nothing goes out of what it
// sends, given the verdict on a packet that arrived at now, the first of a run or not.
func (s *Source) isUnheard(now time.Time, v Verdict, began bool) bool {
	switch {
	case v == Accepted:
		s.unheardSince = time.Time{}
		return false
	case v != HeldBack && v != Refused:
		return false
	case began || s.unheardSince.IsZero():
		s.unheardSince = now
		return false
	case now.Sub(s.unheardSince) < unheardAfter || now.Sub(s.unheardTold) < unheardAfter:
		return false
	}
	s.unheardTold = now
	return true
}

// afford counts a packet of so much sound against the time that has passed.
func (s *Source) afford(now time.Time, sound time.Duration) bool {
	if s.paid.Before(now) {
		s.paid = now
	}
	if s.paid.Sub(now) >= maxAhead {
		return false
	}
	s.paid = s.paid.Add(time.Duration(float64(sound) / overspeed))
	return true
}

// continues reports whether p, which arrives at now, is of the run that is under way.
// After a pause it is if no packet is missing, which could have had the marker bit.
func (s *Source) continues(now time.Time, p *rtp.Packet) bool {
	if p.Marker || s.run == 0 {
		return false
	}
	gap := now.Sub(s.last)
	return gap <= runGap || s.pauses && p.SequenceNumber == s.seq+1 && gap <= media.PauseGap
}

// Begin starts a new run. What was held of older ones is forgotten: nobody
// confirmed it.
func (s *Source) Begin() {
	s.run++
	s.forget()
}

func (s *Source) forget() { s.head, s.n = 0, 0 }

func (s *Source) at(i int) *heldPacket { return &s.ring[(s.head+i)%holdPackets] }

// expire forgets what has waited longer than hold and reports whether there was
// any. It closes its run: that was sent without the floor.
func (s *Source) expire(now time.Time, hold time.Duration) (gone bool) {
	for s.n > 0 && now.Sub(s.at(0).at) > hold {
		s.closed = max(s.closed, s.at(0).run)
		s.drop()
		gone = true
	}
	return gone
}

// forgetClosed forgets what is held of runs that are closed.
func (s *Source) forgetClosed() {
	for s.n > 0 && s.at(0).run <= s.closed {
		s.drop()
	}
}

func (s *Source) drop() {
	s.head = (s.head + 1) % holdPackets
	s.n--
}

// insert holds a packet, in the order of sequence numbers. It reports false for
// a duplicate of one that is held. The oldest gives way when all room is taken.
func (s *Source) insert(now time.Time, p *rtp.Packet) bool {
	i := s.n
	for i > 0 && s.at(i-1).run == s.run && int16(p.SequenceNumber-s.at(i-1).seq) <= 0 {
		if s.at(i-1).seq == p.SequenceNumber {
			return false
		}
		i--
	}
	if s.n == holdPackets {
		if i == 0 {
			return false
		}
		s.drop()
		i--
	}
	for j := s.n; j > i; j-- {
		*s.at(j) = *s.at(j - 1)
	}
	s.n++
	h := s.at(i)
	h.at, h.seq, h.ts, h.run = now, p.SequenceNumber, p.Timestamp, s.run
	h.size = copy(h.data[:], p.Payload)
	return true
}

package rtc

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// speakerGap is how long a speaker may pause before another one is heard.
const speakerGap = 200 * time.Millisecond

// Solo makes one stream of the voices of several channels: one at a time is
// heard, and what is heard has continuous sequence numbers and timestamps. The
// first to speak is heard until a pause, unless one of a better rank begins. Who
// joins in the middle of a talk spurt is heard from there on.
type Solo struct {
	on func(media.Packet)

	mu    sync.Mutex
	out   splice
	from  voiceID
	turn  uint32 // the SSRC in out: two channels may have the same one
	heard time.Time
}

// soloist is a channel with one or more voices; a lower rank is a better one.
type soloist struct{ rank int }

// voiceID tells voices apart; channels choose their SSRCs by themselves.
type voiceID struct {
	of   *soloist
	ssrc uint32
}

// NewSolo hands what is heard to on, one packet at a time; p.Opus is reused when
// it returns.
func NewSolo(on func(p media.Packet)) *Solo {
	return &Solo{on: on, out: newSplice(time.Now())}
}

// Channel adds a channel whose voices come as one stream already, and returns what
// takes its packets, one at a time. A lower rank is a better one.
func (s *Solo) Channel(rank int) func(media.Packet) {
	of := &soloist{rank}
	return func(p media.Packet) {
		s.take(of, &rtp.Header{SequenceNumber: p.Seq, Timestamp: p.Timestamp, Marker: p.Marker}, p.Opus, p.Arrived)
	}
}

// take passes on a packet of the voice that is heard.
func (s *Solo) take(of *soloist, h *rtp.Header, opus []byte, arrived time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := voiceID{of, h.SSRC}
	if from != s.from {
		if s.from.of != nil && arrived.Sub(s.heard) < speakerGap && of.rank >= s.from.of.rank {
			return
		}
		s.from = from
		s.turn++
	}
	s.heard = arrived
	turn := *h
	turn.SSRC = s.turn
	seq, timestamp, marker := s.out.next(&turn)
	s.on(media.Packet{Seq: seq, Timestamp: timestamp, Marker: marker, Arrived: arrived, Opus: opus})
}

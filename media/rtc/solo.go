package rtc

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// speakerGap is how long a speaker may pause before another one is heard.
const speakerGap = 200 * time.Millisecond

// Solo makes one stream of all voices of one or several choruses: one at a time
// is heard, and what is heard has continuous sequence numbers and timestamps. The
// first to speak is heard until a pause, unless one of a better rank begins.
type Solo struct {
	on func(media.Packet)

	mu    sync.Mutex
	out   splice
	from  voiceID
	heard time.Time
}

// voiceID tells voices apart; choruses choose their SSRCs by themselves.
type voiceID struct {
	chorus *Chorus
	ssrc   uint32
}

// NewSolo hands what is heard to on, one packet at a time; p.Opus is reused when
// it returns.
func NewSolo(on func(p media.Packet)) *Solo {
	return &Solo{on: on, out: newSplice(time.Now())}
}

// take passes on a packet of the voice that is heard.
func (s *Solo) take(c *Chorus, p *rtp.Packet, arrived time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := voiceID{c, p.SSRC}
	if from != s.from {
		if s.from.chorus != nil && arrived.Sub(s.heard) < speakerGap && c.rank >= s.from.chorus.rank {
			return
		}
		s.from = from
	}
	s.heard = arrived
	seq, timestamp, marker := s.out.next(&p.Header)
	s.on(media.Packet{Seq: seq, Timestamp: timestamp, Marker: marker, Arrived: arrived, Opus: p.Payload})
}

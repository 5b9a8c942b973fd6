package rtc

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// SpeakerGap is how long a speaker may pause before another one is heard.
const SpeakerGap = 200 * time.Millisecond

// SpeakerSelector makes one stream of the voices on a channel. It selects one speaker at a
// time: the first to speak, until a pause of SpeakerGap. The result has continuous sequence
// numbers and timestamps.
type SpeakerSelector struct {
	channel int
	on      func(media.Packet)

	mu     sync.Mutex
	merge  *Merge
	voiced bool
	ssrc   uint32 // of who is heard
	heard  time.Time
}

// NewSpeakerSelector hands what is heard, as a channel's, to on, one packet at a time; p.Opus
// is reused when it returns.
func NewSpeakerSelector(channel int, on func(p media.Packet)) *SpeakerSelector {
	return &SpeakerSelector{channel: channel, on: on, merge: NewMerge()}
}

// take passes on a packet of the voice that is heard.
func (s *SpeakerSelector) onPacket(p *rtp.Packet, arrived time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.voiced && p.SSRC != s.ssrc && arrived.Sub(s.heard) < SpeakerGap {
		return
	}
	s.voiced, s.ssrc, s.heard = true, p.SSRC, arrived
	heard := s.merge.Next(p, arrived)
	heard.Channel = s.channel
	s.on(heard)
}

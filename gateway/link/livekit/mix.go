package livekit

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
)

// speakerGap is how long a channel may pause before another one is heard.
const speakerGap = 200 * time.Millisecond

// mix makes one stream of what is heard on several channels. One is heard at a
// time: the port's own before any other, of the others the first to speak.
type mix struct {
	on func(media.Packet)

	mu    sync.Mutex
	merge *rtc.Merge
	from  int // channel heard last, 0 is the port's own
	heard time.Time
}

func (m *mix) take(channel int, p *rtp.Packet, arrived time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if channel != m.from && channel != 0 && arrived.Sub(m.heard) < speakerGap {
		return
	}
	m.from, m.heard = channel, arrived
	m.on(m.merge.Next(p, arrived))
}

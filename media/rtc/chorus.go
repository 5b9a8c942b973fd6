package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
)

// speakerGap is how long a speaker may pause before another one is heard.
const speakerGap = 200 * time.Millisecond

// Chorus is the offering side of many streams over one transport, each of which
// begins when its first packet comes: a server that forwards every member's
// voice as it is. One at a time is heard, the first to speak, and what is heard
// is one stream with continuous sequence numbers and timestamps.
type Chorus struct {
	*conn

	mu    sync.Mutex
	voice splice
	ssrc  uint32
	heard time.Time
	on    func(media.Packet)
}

// Listen offers to hear all streams and returns when they can arrive. on is
// called with each packet of the present speaker, one at a time; p.Opus is
// reused when it returns.
func (e *Engine) Listen(ctx context.Context, exchange Exchange, on func(p media.Packet)) (*Chorus, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	s := &Chorus{conn: c, voice: newSplice(time.Now()), on: on}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		var one ear
		one.born = time.Now()
		c.loop(func() { one.read(c, t, s.take) })
	})
	if _, err = c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err == nil {
		err = c.offer(ctx, exchange, sends)
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s, nil
}

// take passes on a packet of the present speaker.
func (s *Chorus) take(p *rtp.Packet, arrived time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.SSRC != s.ssrc && arrived.Sub(s.heard) < speakerGap {
		return
	}
	s.ssrc, s.heard = p.SSRC, arrived
	seq, timestamp, marker := s.voice.next(&p.Header)
	s.on(media.Packet{Seq: seq, Timestamp: timestamp, Marker: marker, Arrived: arrived, Opus: p.Payload})
}

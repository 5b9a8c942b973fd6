package rtc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media/sdp"
)

// MultiReceiver receives many streams over one transport that it offered. A stream begins
// with its first packet: the server forwards every member's voice as it is.
type MultiReceiver struct {
	*conn
	selector *SpeakerSelector

	own    atomic.Uint32
	echoes atomic.Uint64

	mu      sync.Mutex
	streams map[uint32]*webrtc.RTPReceiver // by SSRC
}

// ReceiveMany offers to hear all streams and returns when they can arrive. The selector
// decides which one is heard.
func (e *Engine) ReceiveMany(ctx context.Context, exchange Exchange, selector *SpeakerSelector) (*MultiReceiver, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	s := &MultiReceiver{conn: c, selector: selector, streams: make(map[uint32]*webrtc.RTPReceiver)}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		s.mu.Lock()
		s.streams[uint32(t.SSRC())] = r
		s.mu.Unlock()
		c.loop(func() { c.receive(new(OpusStream), t, r, s.onPacket) })
	})
	if _, err = c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err == nil {
		err = c.offer(ctx, exchange, sdp.SendOnly)
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s, nil
}

// End ends a stream whose sender is gone: nothing in RTP says so, and what reads
// it would wait for ever. One that never began is nothing to end.
func (s *MultiReceiver) End(ssrc uint32) {
	s.mu.Lock()
	r := s.streams[ssrc]
	delete(s.streams, ssrc)
	s.mu.Unlock()
	if r != nil {
		_ = r.Stop() // it can only fail at what is closed already
	}
}

// Own says which stream is our own voice come back: it is counted, not heard.
func (s *MultiReceiver) Own(ssrc uint32) { s.own.Store(ssrc) }

// HasOwn says whether Own was called.
func (s *MultiReceiver) HasOwn() bool { return s.own.Load() != 0 }

// Echoes is how many packets of our own voice came back.
func (s *MultiReceiver) Echoes() uint64 { return s.echoes.Load() }

func (s *MultiReceiver) onPacket(p *rtp.Packet, arrived time.Time) {
	if own := s.own.Load(); own != 0 && p.SSRC == own {
		s.echoes.Add(1)
		return
	}
	s.selector.onPacket(p, arrived)
}

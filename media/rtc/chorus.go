package rtc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Chorus is the offering side of many streams over one transport, each of which
// begins when its first packet comes: a server that forwards every member's
// voice as it is.
type Chorus struct {
	*conn
	solo *Solo

	own    atomic.Uint32
	echoes atomic.Uint64

	mu      sync.Mutex
	streams map[uint32]*webrtc.RTPReceiver // by SSRC
}

// Listen offers to hear all streams and returns when they can arrive. Which one
// is heard is for the solo to say.
func (e *Engine) Listen(ctx context.Context, exchange Exchange, solo *Solo) (*Chorus, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	s := &Chorus{conn: c, solo: solo, streams: make(map[uint32]*webrtc.RTPReceiver)}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		var one ear
		one.born = time.Now()
		s.mu.Lock()
		s.streams[uint32(t.SSRC())] = r
		s.mu.Unlock()
		c.loop(func() { one.read(c, t, codecsOf(r.GetParameters().Codecs), s.take) })
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

// End ends a stream whose sender is gone: nothing in RTP says so, and what reads
// it would wait for ever. One that never began is nothing to end.
func (s *Chorus) End(ssrc uint32) {
	s.mu.Lock()
	r := s.streams[ssrc]
	delete(s.streams, ssrc)
	s.mu.Unlock()
	if r != nil {
		_ = r.Stop() // it can only fail at what is closed already
	}
}

// Own says which stream is our own voice come back: it is counted, not heard.
func (s *Chorus) Own(ssrc uint32) { s.own.Store(ssrc) }

// HasOwn says whether Own was called.
func (s *Chorus) HasOwn() bool { return s.own.Load() != 0 }

// Echoes is how many packets of our own voice came back.
func (s *Chorus) Echoes() uint64 { return s.echoes.Load() }

func (s *Chorus) take(p *rtp.Packet, arrived time.Time) {
	if own := s.own.Load(); own != 0 && p.SSRC == own {
		s.echoes.Add(1)
		return
	}
	s.solo.take(p, arrived)
}

package rtc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/sdp"
)

// Subscription is the offering side of a stream that is heard: what a channel
// sends to a port.
type Subscription struct {
	*conn
	stream OpusStream
}

// Subscribe offers to hear a stream and returns when it can arrive. on is called
// with each of its packets, one at a time; p.Opus is reused when it returns.
func (e *Engine) Subscribe(ctx context.Context, exchange Exchange, on func(p media.Packet)) (*Subscription, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	s := &Subscription{conn: c}
	c.receiveFirst(&s.stream, func(p *rtp.Packet, arrived time.Time) {
		on(media.Packet{
			Seq:       p.SequenceNumber,
			Timestamp: p.Timestamp,
			Marker:    p.Marker,
			Arrived:   arrived,
			Opus:      p.Payload,
		})
	})
	if err := s.connect(ctx, exchange); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return s, nil
}

// Reception is how the stream arrives.
func (s *Subscription) Reception() media.Reception { return s.stream.Reception() }

// LastHeard is when the last packet of sound arrived; zero if none has.
func (s *Subscription) LastHeard() time.Time { return s.stream.LastHeard() }

func (s *Subscription) connect(ctx context.Context, exchange Exchange) error {
	if _, err := s.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return fmt.Errorf("add stream: %w", err)
	}
	return s.offer(ctx, exchange, sdp.SendOnly)
}

package rtc

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Publication is the offering side of a stream that is sent: a port's voice.
type Publication struct {
	*conn
	out    *track
	header rtp.Header
}

// Publish offers a stream and returns when frames reach the peer. When it fails
// after exchange succeeded, the peer still has the session, until it notices.
func (e *Engine) Publish(ctx context.Context, exchange Exchange) (*Publication, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	p := &Publication{
		conn:   c,
		out:    newTrack(),
		header: rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())},
	}
	if err := p.connect(ctx, exchange); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("publish: %w", err)
	}
	return p, nil
}

func (p *Publication) connect(ctx context.Context, exchange Exchange) error {
	if err := p.send(p.out); err != nil {
		return err
	}
	if err := p.offer(ctx, exchange, listens); err != nil {
		return err
	}
	// The stack reports the connection a moment before it binds the stream.
	select {
	case <-p.out.bound:
		return nil
	case <-p.ending:
		return p.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WriteOpus sends one Opus frame. timestamp is the sample index of its first
// sample, truncated; first sets the marker bit, which starts a talk spurt (RFC
// 7587 section 4.2). It neither blocks nor allocates. One goroutine writes.
func (p *Publication) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	select {
	case <-p.ending:
		return p.Err()
	default:
	}
	p.header.SequenceNumber++
	p.header.Timestamp = timestamp
	p.header.Marker = first
	return p.out.write(&p.header, frame)
}

// send adds an outgoing stream, and keeps reading the receiver's reports on it,
// which would otherwise pile up.
func (c *conn) send(t *track) error {
	tr, err := c.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return fmt.Errorf("add stream: %w", err)
	}
	c.drain(tr.Sender())
	return nil
}

func (c *conn) drain(s *webrtc.RTPSender) {
	c.loop(func() {
		buf := make([]byte, mtu)
		for {
			if _, _, err := s.Read(buf); err != nil {
				return
			}
		}
	})
}

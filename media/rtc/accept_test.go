package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media/sdp"
)

// What answers in these tests is a full agent. Package icelite is what answers
// elsewhere.

// Session is the answering side of a stream that is received: a member's voice.
type Session struct {
	*conn
	stream OpusStream
}

// AcceptPublisher answers an offer to send. It returns before the peer has
// connected; the session ends by itself if that never happens. on is called with
// each packet, one at a time; the packet and its payload are reused when it
// returns. Errors wrap sdp.ErrBad or sdp.ErrNoOpus when the offer is at fault.
func (e *Engine) AcceptPublisher(ctx context.Context, offer string, on func(p *rtp.Packet)) (*Session, string, error) {
	if err := sdp.Check(offer, sdp.SendOnly); err != nil {
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	c, err := e.newConn()
	if err != nil {
		return nil, "", err
	}
	s := &Session{conn: c}
	c.receiveFirst(&s.stream, func(p *rtp.Packet, _ time.Time) { on(p) })
	answer, err := c.answer(ctx, offer, sdp.SendOnly)
	if err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	return s, answer, nil
}

// Listener is the answering side of a stream that is sent: what a channel sends
// to one of its members.
type Listener struct {
	*conn
	out *track

	mu     sync.Mutex
	splice splice
	header rtp.Header
}

// AcceptListener answers an offer to hear. It returns before the peer has
// connected; the session ends by itself if that never happens. Errors wrap
// sdp.ErrBad or sdp.ErrNoOpus when the offer is at fault.
func (e *Engine) AcceptListener(ctx context.Context, offer string) (*Listener, string, error) {
	if err := sdp.Check(offer, sdp.RecvOnly); err != nil {
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	c, err := e.newConn()
	if err != nil {
		return nil, "", err
	}
	l := &Listener{conn: c, out: newTrack(), splice: newSplice(time.Now())}
	if err := c.send(l.out, nil, false); err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	answer, err := c.answer(ctx, offer, sdp.RecvOnly)
	if err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	return l, answer, nil
}

// WriteRTP forwards one packet of whoever speaks; p is neither changed nor kept.
// Packets of different speakers become one stream with continuous sequence
// numbers, whose timestamps advance with the clock. A packet before the
// connection stands is dropped. It neither blocks nor allocates, and may be
// called from several goroutines.
func (l *Listener) WriteRTP(p *rtp.Packet) error {
	select {
	case <-l.ending:
		return l.Err()
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.header = rtp.Header{Version: 2}
	l.header.SequenceNumber, l.header.Timestamp, l.header.Marker = l.splice.next(&p.Header)
	return l.out.write(&l.header, p.Payload, false)
}

// answer returns the answer to an offer of an author whose part is offerer; the
// connection then comes about, or fails, by itself.
func (c *conn) answer(ctx context.Context, offer string, offerer sdp.Direction) (string, error) {
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp.WithoutOpusParameters(offer)}); err != nil {
		return "", fmt.Errorf("offer: %w: %w", sdp.ErrBad, err)
	}
	local, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("answer: %w: %w", sdp.ErrBad, err)
	}
	text, err := c.describe(ctx, local)
	if err != nil {
		return "", err
	}
	// The stack rejects what it cannot match by silently answering without it.
	if err := sdp.Check(text, offerer.Opposite()); err != nil {
		return "", fmt.Errorf("offer: its audio section has no common ground with ours: %w", err)
	}
	c.awaitPeer()
	return text, nil
}

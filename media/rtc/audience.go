package rtc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// maxAudienceSDP bounds an offer to an Audience, which has a section for each
// member of the room that it is in.
const maxAudienceSDP = 1 << 20

// Hearer takes in the packets of one stream, one at a time. The packet and its
// payload are reused when it returns.
type Hearer func(p *rtp.Packet, arrived time.Time)

// Audience is the answering side of many streams over one transport: a server
// that offers anew whenever one of them begins or ends.
type Audience struct {
	*conn
	// Trickle takes the server's candidates.
	Trickle
}

// Attend makes a session that answers. hearer is called for each stream that
// begins, with the ID of the media stream it belongs to (RFC 8830).
func (e *Engine) Attend(hearer func(stream string) Hearer) (*Audience, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	a := &Audience{conn: c}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		on := hearer(t.StreamID())
		one := &ear{born: time.Now()}
		c.loop(func() { one.read(c, t, on) })
	})
	return a, nil
}

// Answer answers the server's newest offer. Offers are answered one at a time;
// after the first the connection comes about by itself.
func (a *Audience) Answer(ctx context.Context, offer string) (string, error) {
	if len(offer) > maxAudienceSDP {
		return "", fmt.Errorf("%w: %d bytes, want at most %d", ErrBadSDP, len(offer), maxAudienceSDP)
	}
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("offer: %w: %w", ErrBadSDP, err)
	}
	a.attach(a.conn)
	local, err := a.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("answer: %w: %w", ErrBadSDP, err)
	}
	answer, err := a.describe(ctx, local)
	if err != nil {
		return "", err
	}
	a.awaitPeer()
	return answer, nil
}

// Connected is closed once streams can arrive.
func (a *Audience) Connected() <-chan struct{} { return a.connected }

package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/sdp"
)

// maxOfferSDP bounds an offer to an AnsweringReceiver, which has a section for each
// member of the room that it is in.
const maxOfferSDP = 1 << 20

// PacketHandler is called with each packet of one stream, one at a time. The packet and
// its payload are reused when it returns.
type PacketHandler func(p *rtp.Packet, arrived time.Time)

// AnsweringReceiver receives many streams over one transport that a server offers. The
// server offers again whenever a stream begins or ends.
type AnsweringReceiver struct {
	*conn
	// Trickle takes the server's candidates.
	Trickle

	counts sync.Mutex
	live   map[*OpusStream]struct{}
	gone   media.Reception // of streams that ended
}

// ReceiveOffered makes a session that answers. handlerOf returns the handler of a stream that
// begins; it is called with the ID of the media stream it belongs to (RFC 8830).
func (e *Engine) ReceiveOffered(handlerOf func(stream string) PacketHandler) (*AnsweringReceiver, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	a := &AnsweringReceiver{conn: c, live: make(map[*OpusStream]struct{})}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		on := handlerOf(t.StreamID())
		one := new(OpusStream)
		c.loop(func() {
			a.begin(one)
			c.receive(one, t, r, on)
			a.over(one)
		})
	})
	return a, nil
}

func (a *AnsweringReceiver) begin(one *OpusStream) {
	a.counts.Lock()
	defer a.counts.Unlock()
	a.live[one] = struct{}{}
}

func (a *AnsweringReceiver) over(one *OpusStream) {
	a.counts.Lock()
	defer a.counts.Unlock()
	delete(a.live, one)
	a.gone = one.Reception().After(a.gone)
}

// Reception is how all streams together arrive, counted since the session began;
// its jitter is the worst of those there are.
func (a *AnsweringReceiver) Reception() media.Reception {
	a.counts.Lock()
	defer a.counts.Unlock()
	all := a.gone
	all.Jitter = 0
	for one := range a.live {
		r := one.Reception()
		r.Jitter = max(r.Jitter, all.Jitter)
		all = r.After(all)
	}
	return all
}

// Answer answers the server's newest offer. Offers are answered one at a time;
// after the first the connection comes about by itself.
func (a *AnsweringReceiver) Answer(ctx context.Context, offer string) (string, error) {
	if len(offer) > maxOfferSDP {
		return "", fmt.Errorf("%w: %d bytes, want at most %d", sdp.ErrBad, len(offer), maxOfferSDP)
	}
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp.WithoutOpusParameters(offer)}); err != nil {
		return "", fmt.Errorf("offer: %w: %w", sdp.ErrBad, err)
	}
	a.attach(a.conn)
	local, err := a.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("answer: %w: %w", sdp.ErrBad, err)
	}
	answer, err := a.describe(ctx, local)
	if err != nil {
		return "", err
	}
	a.awaitPeer()
	return answer, nil
}

// Connected is closed once streams can arrive.
func (a *AnsweringReceiver) Connected() <-chan struct{} { return a.connected }

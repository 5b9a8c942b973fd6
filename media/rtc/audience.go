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

	counts sync.Mutex
	live   map[*ear]struct{}
	gone   media.Reception // of streams that ended
}

// Attend makes a session that answers. hearer is called for each stream that
// begins, with the ID of the media stream it belongs to (RFC 8830).
func (e *Engine) Attend(hearer func(stream string) Hearer) (*Audience, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	a := &Audience{conn: c, live: make(map[*ear]struct{})}
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		on := hearer(t.StreamID())
		one := &ear{born: time.Now()}
		c.loop(func() {
			a.begin(one)
			one.read(c, t, codecsOf(r.GetParameters().Codecs), on)
			a.over(one)
		})
	})
	return a, nil
}

func (a *Audience) begin(one *ear) {
	a.counts.Lock()
	defer a.counts.Unlock()
	a.live[one] = struct{}{}
}

func (a *Audience) over(one *ear) {
	a.counts.Lock()
	defer a.counts.Unlock()
	delete(a.live, one)
	a.gone = one.Reception().After(a.gone)
}

// Reception is how all streams together arrive, counted since the session began;
// its jitter is the worst of those there are.
func (a *Audience) Reception() media.Reception {
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
func (a *Audience) Answer(ctx context.Context, offer string) (string, error) {
	if len(offer) > maxAudienceSDP {
		return "", fmt.Errorf("%w: %d bytes, want at most %d", ErrBadSDP, len(offer), maxAudienceSDP)
	}
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: withoutOpusParameters(offer)}); err != nil {
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

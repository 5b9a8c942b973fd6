package icelite

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/talkgate/talkgate/media/red"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/sdp"
)

// Subscriber is a session whose peer listens: what a channel sends to one of its
// members.
type Subscriber struct {
	*conn

	mu     sync.Mutex
	merge  *rtc.Merge
	out    *srtp.Context // nil until the first packet
	packet rtp.Packet
	sender red.Sender

	reports reports
}

// AcceptSubscriber answers an offer to listen. It returns before the peer has
// connected; the session ends by itself if that never happens. Errors wrap
// sdp.ErrBad, sdp.ErrNoOpus or sdp.ErrUnacceptable when the offer is at fault.
func (s *Server) AcceptSubscriber(text string) (*Subscriber, string, error) {
	o, err := sdp.ParseOffer(text, sdp.RecvOnly)
	if err != nil {
		return nil, "", fmt.Errorf("accept subscriber: %w", err)
	}
	l := &Subscriber{conn: s.newConn(o, true), merge: rtc.NewMerge(), sender: red.Sender{Opus: o.PayloadType}}
	if o.REDType != 0 {
		l.onRTCP = func(b []byte) { l.reports.receive(l.conn, b, time.Now()) }
	}
	answer, err := l.start()
	if err != nil {
		return nil, "", fmt.Errorf("accept subscriber: %w", err)
	}
	return l, answer, nil
}

// Copies is how many copies of earlier packets go along with each (RFC 2198): more
// while the peer reports loss, none on a line without, or to a peer that has no RED.
func (l *Subscriber) Copies() int { return l.reports.depth.Copies() }

// WriteRTP forwards one packet of whoever speaks; p is neither changed nor kept.
// Packets of different speakers become one stream with continuous sequence
// numbers, whose timestamps advance with the clock. A packet before the
// connection stands is dropped. It does not block, and may be called from several
// goroutines. A Batch sends to many subscribers for less.
func (l *Subscriber) WriteRTP(p *rtp.Packet) error {
	to, err := l.ready()
	if to == nil {
		return err
	}
	sealed, err := l.seal(make([]byte, mtu), p)
	if err != nil {
		return err
	}
	return to.send(sealed)
}

// ready is the path to the peer; nil before the connection stands, and with an error once
// the session has ended.
func (l *Subscriber) ready() (*path, error) {
	select {
	case <-l.ctx.Done():
		return nil, l.Err()
	default:
	}
	if !l.isConnected() {
		return nil, nil
	}
	return l.selected.Load(), nil
}

// seal makes the next packet of the stream in buf. It does not allocate.
func (l *Subscriber) seal(buf []byte, p *rtp.Packet) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		k := l.keys.Keys
		out, err := srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, l.keys.Profile)
		if err != nil {
			return nil, fmt.Errorf("keys of SRTP: %w", err)
		}
		l.out = out
	}
	merged := l.merge.Next(p, time.Time{})
	pt := l.offer.PayloadType
	payload, isRED := l.sender.Next(p.Payload, merged.Timestamp, merged.Marker, l.Copies())
	if isRED {
		pt = l.offer.REDType
	}
	l.packet = rtp.Packet{
		Header: rtp.Header{
			Version: 2, PayloadType: pt, SSRC: l.ssrc,
			SequenceNumber: merged.Seq, Timestamp: merged.Timestamp, Marker: merged.Marker,
		},
		Payload: payload,
	}
	n, err := l.packet.MarshalTo(buf)
	if err != nil {
		return nil, fmt.Errorf("packet of %d bytes: %w", len(p.Payload), err)
	}
	sealed, err := l.out.EncryptRTP(buf, buf[:n], &l.packet.Header)
	if err != nil {
		return nil, fmt.Errorf("SRTP: %w", err)
	}
	return sealed, nil
}

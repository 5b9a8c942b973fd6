package rtc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/red"
	"github.com/talkgate/talkgate/media/sdp"
)

// Publication is the offering side of a stream that is sent: a port's voice.
type Publication struct {
	*conn
	out    *track
	header rtp.Header

	sent  atomic.Uint64
	acked atomic.Uint64 // sent, when the peer last acknowledged something

	first uint16                          // sequence number of the first frame
	far   atomic.Pointer[media.Reception] // as the peer last reported

	unheard chan string // why the peer forwards nothing of it

	depth  red.Depth
	sender red.Sender
}

// Copies is how many copies of earlier packets go along with each: more while the peer
// reports loss, none on a line without.
func (p *Publication) Copies() int {
	if p.out.types().red == 0 {
		return 0
	}
	return p.depth.Copies()
}

// Reception is how the stream arrives at the peer, as its receiver reports say;
// zero while there was none.
func (p *Publication) Reception() media.Reception {
	r := media.Reception{}
	if far := p.far.Load(); far != nil {
		r = *far
	}
	r.Copies = p.Copies()
	return r
}

// Sent is how many frames were sent.
func (p *Publication) Sent() uint64 { return p.sent.Load() }

// Unacknowledged is how many frames were sent since the peer's last receiver
// report about them (RFC 3550 section 6.4.2). A peer that receives reports about
// every five seconds.
func (p *Publication) Unacknowledged() uint64 { return p.sent.Load() - p.acked.Load() }

// reported reads RTCP about the stream.
func (p *Publication) reported(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, packet := range packets {
		switch r := packet.(type) {
		case *rtcp.ReceiverReport:
			if len(r.Reports) > 0 {
				sent := p.sent.Load()
				p.acked.Store(sent)
				p.far.Store(p.farReception(r.Reports[0], sent))
				p.depth.Report(float64(r.Reports[0].FractionLost) / 256)
			}
		case *rtcp.ApplicationDefined:
			if reason, ok := unheardReason(r); ok {
				p.onUnheard(reason)
			}
		}
	}
}

// farReception is what a report says of the stream, within what can be.
func (p *Publication) farReception(r rtcp.ReceptionReport, sent uint64) *media.Reception {
	expected := min(uint64(r.LastSequenceNumber-uint32(p.first))+1, sent)
	lost := uint64(r.TotalLost)
	if r.TotalLost >= 1<<23 { // negative: more came than were sent
		lost = 0
	}
	return &media.Reception{Expected: expected, Received: expected - min(lost, expected), Jitter: inSamples(r.Jitter)}
}

// Publish offers a stream and returns when frames reach the peer. When it fails
// after exchange succeeded, the peer still has the session, until it notices.
func (e *Engine) Publish(ctx context.Context, exchange Exchange) (*Publication, error) {
	return e.PublishTrickled(ctx, exchange, nil)
}

// PublishTrickled is Publish to a peer whose candidates come through t, as LiveKit's
// do. It offers Opus alone: LiveKit, which is on the same stack, would take RED for the
// better match and leave Opus out.
func (e *Engine) PublishTrickled(ctx context.Context, exchange Exchange, t *Trickle) (*Publication, error) {
	c, err := e.newConn()
	if err != nil {
		return nil, err
	}
	c.trickle = t
	p := &Publication{
		conn:    c,
		out:     newTrack(),
		unheard: make(chan string, 1),
		header:  rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32())},
	}
	p.first = p.header.SequenceNumber + 1
	if err := p.connect(ctx, exchange); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("publish: %w", err)
	}
	return p, nil
}

func (p *Publication) connect(ctx context.Context, exchange Exchange) error {
	if err := p.send(p.out, p.reported, p.trickle != nil); err != nil {
		return err
	}
	if err := p.offer(ctx, exchange, sdp.RecvOnly); err != nil {
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
	p.sent.Add(1)
	p.sender.Opus = p.out.types().opus
	payload, isRED := p.sender.Next(frame, timestamp, first, p.Copies())
	return p.out.write(&p.header, payload, isRED)
}

// Announce sends one packet without sound, of padding only (RFC 3550 section
// 5.1), for a server to which a stream begins with its first packet. It is for
// the goroutine that writes, or for before there is one.
func (p *Publication) Announce() error {
	h := rtp.Header{Version: 2, Padding: true}
	p.header.SequenceNumber++
	h.SequenceNumber = p.header.SequenceNumber
	// A server may take the stream for what its first packet is: one of RED may bring
	// plain Opus later, and not the reverse.
	return p.out.write(&h, []byte{1}, p.out.types().red != 0)
}

// send adds an outgoing stream, and keeps reading the receiver's reports on it,
// which would otherwise pile up.
func (c *conn) send(t *track, reported func(rtcp []byte), opusOnly bool) error {
	tr, err := c.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return fmt.Errorf("add stream: %w", err)
	}
	if opusOnly {
		opus := []webrtc.RTPCodecParameters{{RTPCodecCapability: opusCapability(), PayloadType: opusPayloadType}}
		if err := tr.SetCodecPreferences(opus); err != nil {
			return fmt.Errorf("add stream: %w", err)
		}
	}
	c.drain(tr.Sender(), reported)
	return nil
}

func (c *conn) drain(s *webrtc.RTPSender, reported func(rtcp []byte)) {
	c.loop(func() {
		buf := make([]byte, mtu)
		for {
			n, _, err := s.Read(buf)
			if err != nil {
				return
			}
			if reported != nil {
				reported(buf[:n])
			}
		}
	})
}

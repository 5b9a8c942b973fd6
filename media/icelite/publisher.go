package icelite

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/media/sdp"
)

const (
	// backlog bounds the packets of one peer that wait to be handled: what was said
	// before a grant comes all at once.
	backlog = 128
	// replayWindow is how late a packet may be, in sequence numbers.
	replayWindow = 128
)

// Publisher is a session whose peer sends: a member's voice.
type Publisher struct {
	*conn
	queue chan *datagram
	free  sync.Pool
	in    *srtp.Context

	// bound says that ssrc is the one stream of the session.
	bound  atomic.Bool
	ssrc   atomic.Uint32
	stream rtc.OpusStream
	packet rtp.Packet // that is handled

	outMu sync.Mutex
	out   *srtp.Context // of reports
	own   uint32
}

type datagram struct {
	n    int
	data [mtu]byte
}

// AcceptPublisher answers an offer to send. It returns before the peer has
// connected; the session ends by itself if that never happens. on is called with
// each packet of Opus of the first stream that the peer sends, one at a time, of RED
// (RFC 2198) with each that is in it and was not there before; the packet and its
// payload are reused when it returns. Errors wrap sdp.ErrBad,
// sdp.ErrNoOpus or sdp.ErrUnacceptable when the offer is at fault.
func (s *Server) AcceptPublisher(text string, on func(p *rtp.Packet)) (*Publisher, string, error) {
	o, err := sdp.ParseOffer(text, sdp.SendOnly)
	if err != nil {
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	p := &Publisher{conn: s.newConn(o, false), queue: make(chan *datagram, backlog), own: rand.Uint32()}
	p.stream.Begin(o.PayloadType, o.REDType, func(packet *rtp.Packet, _ time.Time) { on(packet) })
	p.free.New = func() any { return new(datagram) }
	p.onRTP, p.onSweep = p.push, p.report
	answer, err := p.start()
	if err != nil {
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	s.loops.Go(p.receive)
	return p, answer, nil
}

// Reception is how the stream arrives.
func (p *Publisher) Reception() media.Reception { return p.stream.Reception() }

// LastHeard is when the last packet of sound arrived; zero if none has.
func (p *Publisher) LastHeard() time.Time { return p.stream.LastHeard() }

// push queues a packet, unless it is of another stream or there are too many. The peer
// may know its keys an instant before we know ours: what it sends then waits for them.
func (p *Publisher) push(b []byte) bool {
	if pt := b[1] & 0x7f; pt != p.offer.PayloadType && (pt != p.offer.REDType || pt == 0) || len(b) > mtu {
		return false
	}
	if p.bound.Load() && ssrcOf(b) != p.ssrc.Load() {
		return false
	}
	d := p.free.Get().(*datagram)
	d.n = copy(d.data[:], b)
	select {
	case p.queue <- d:
		return true
	default:
		p.free.Put(d)
		return false
	}
}

// ssrcOf is the SSRC of a packet of RTP of 12 bytes or more.
func ssrcOf(b []byte) uint32 {
	return uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])
}

// receive handles the packets until the session ends.
func (p *Publisher) receive() {
	select {
	case <-p.ctx.Done():
		return
	case <-p.connected:
	}
	if err := p.prepare(); err != nil {
		p.log.Error("no keys for SRTP", "err", err)
		p.lost()
		return
	}
	for {
		select {
		case <-p.ctx.Done():
			return
		case d := <-p.queue:
			p.handle(d)
			p.free.Put(d)
		}
	}
}

func (p *Publisher) prepare() (err error) {
	k := p.keys.Keys
	if p.in, err = srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, p.keys.Profile, srtp.SRTPReplayProtection(replayWindow)); err != nil {
		return err
	}
	p.outMu.Lock()
	defer p.outMu.Unlock()
	p.out, err = srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, p.keys.Profile)
	return err
}

// handle decrypts one packet. The first authentic one decides which stream is
// heard.
func (p *Publisher) handle(d *datagram) {
	b, packet := d.data[:d.n], &p.packet
	ssrc := ssrcOf(b)
	if p.bound.Load() && ssrc != p.ssrc.Load() {
		return
	}
	plain, err := p.in.DecryptRTP(b[:0], b, &packet.Header)
	if err != nil {
		return
	}
	if !p.bound.Load() {
		p.ssrc.Store(ssrc)
		p.bound.Store(true)
	}
	if packet.Unmarshal(plain) == nil {
		p.stream.Handle(packet, time.Now())
	}
}

// report tells the peer what of its stream arrives (RFC 3550 section 6.4.2).
func (p *Publisher) report(now time.Time) {
	report := p.stream.Report(p.own, now)
	if report == nil {
		return
	}
	raw, err := rtcp.Marshal([]rtcp.Packet{report})
	p.sendRTCP(raw, err)
}

// Unheard tells the peer that nothing of what it sends is forwarded, and why: a word of
// the HTTP API.
func (p *Publisher) Unheard(reason string) {
	if p.bound.Load() {
		p.sendRTCP(rtc.MarshalUnheard(p.own, p.ssrc.Load(), reason))
	}
}

// sendRTCP sends what was marshaled, once there are keys. What is lost is sent again
// later.
func (p *Publisher) sendRTCP(raw []byte, err error) {
	if err != nil {
		p.log.Debug("RTCP is not sent", "err", err)
		return
	}
	p.outMu.Lock()
	defer p.outMu.Unlock()
	if p.out == nil {
		return
	}
	if raw, err = p.out.EncryptRTCP(nil, raw, nil); err != nil {
		p.log.Debug("RTCP is not sent", "err", err)
		return
	}
	_ = p.send(raw)
}

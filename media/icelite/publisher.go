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
)

const (
	// backlog bounds the packets of one peer that wait to be handled: what was said
	// before a grant comes all at once.
	backlog = 128
	// replayWindow is how late a packet may be, in sequence numbers.
	replayWindow = 128
	// reportPeriod is that of receiver reports (RFC 3550 section 6.2).
	reportPeriod = 5 * time.Second
)

// Publisher is a session whose peer sends: a member's voice.
type Publisher struct {
	*conn
	on func(p *rtp.Packet)

	queue chan *datagram
	free  sync.Pool
	in    *srtp.Context

	// bound says that ssrc is the one stream of the session.
	bound atomic.Bool
	ssrc  atomic.Uint32
	count rtc.Counter
	last  atomic.Int64 // last packet of sound, since born; zero is never

	outMu    sync.Mutex
	out      *srtp.Context // of reports
	own      uint32
	reported time.Time
}

type datagram struct {
	n    int
	data [mtu]byte
}

// AcceptPublisher answers an offer to send. It returns before the peer has
// connected; the session ends by itself if that never happens. on is called with
// each packet of the first stream that the peer sends, one at a time; the packet
// and its payload are reused when it returns. Errors wrap rtc.ErrBadSDP,
// rtc.ErrNoOpus or ErrUnacceptable when the offer is at fault.
func (s *Server) AcceptPublisher(text string, on func(p *rtp.Packet)) (*Publisher, string, error) {
	o, err := parseOffer(text, sends)
	if err != nil {
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	p := &Publisher{conn: s.newConn(o, sends), on: on, queue: make(chan *datagram, backlog), own: rand.Uint32()}
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
func (p *Publisher) Reception() media.Reception { return p.count.Reception() }

// LastHeard is when the last packet of sound arrived, zero if none has.
func (p *Publisher) LastHeard() time.Time {
	last := p.last.Load()
	if last == 0 {
		return time.Time{}
	}
	return p.born.Add(time.Duration(last))
}

// push queues a packet, unless it is of another stream or there are too many. The peer
// may know its keys an instant before we know ours: what it sends then waits for them.
func (p *Publisher) push(b []byte) bool {
	if b[1]&0x7f != p.offer.payloadType || len(b) > mtu {
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
	packet := &rtp.Packet{}
	for {
		select {
		case <-p.ctx.Done():
			return
		case d := <-p.queue:
			p.handle(d, packet)
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
func (p *Publisher) handle(d *datagram, packet *rtp.Packet) {
	b := d.data[:d.n]
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
	if packet.Unmarshal(plain) != nil || len(packet.Payload) == 0 || len(packet.Payload) > media.MaxOpusPacket {
		return
	}
	age := time.Since(p.born)
	p.last.Store(max(1, int64(age)))
	p.count.Count(&packet.Header, age)
	p.on(packet)
}

// report tells the peer what of its stream arrives (RFC 3550 section 6.4.2).
func (p *Publisher) report(now time.Time) {
	if now.Sub(p.reported) < reportPeriod {
		return
	}
	p.reported = now
	report := p.count.Report(p.own)
	if report == nil {
		return
	}
	raw, err := rtcp.Marshal([]rtcp.Packet{report})
	if err != nil {
		p.log.Debug("no receiver report", "err", err)
		return
	}
	p.outMu.Lock()
	defer p.outMu.Unlock()
	if p.out == nil {
		return
	}
	if raw, err = p.out.EncryptRTCP(nil, raw, nil); err != nil {
		p.log.Debug("no receiver report", "err", err)
		return
	}
	_ = p.send(raw) // another follows
}

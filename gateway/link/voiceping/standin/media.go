package standin

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// producer is a stream that a member sends. It starts paused.
type producer struct {
	id, user, channel string
	ssrc              uint32
	payloadType       uint8

	mu        sync.Mutex
	paused    bool
	consumers []*consumer
	received  int // while paused, too
	forwarded int
	last      time.Time // last forwarded
	highest   uint16
}

func (p *producer) pause(paused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = paused
}

// consumer is a producer's stream on its way to another member.
type consumer struct {
	t    *transport
	ssrc uint32
}

func (s *Server) createTransport(m *member, f wire.Frame) {
	var d wire.NewTransport
	switch {
	case f.Into(&d) != nil || d.ChannelID == "" || d.Direction == "":
		m.fail(f.ID, "channelId and direction are required")
		return
	case d.Direction != "send" && d.Direction != "recv":
		m.fail(f.ID, `direction must be "send" or "recv"`)
		return
	case !s.router(d.ChannelID):
		m.fail(f.ID, "Router not found for channel "+d.ChannelID)
		return
	}
	t, err := newTransport(m.UserID, d.ChannelID, d.Direction, s.deafness())
	if err != nil {
		m.fail(f.ID, err.Error())
		return
	}
	if s.cfg.Announce != nil {
		t.at = s.cfg.Announce(t.at)
	}
	s.mu.Lock()
	s.transports[t.id] = t
	s.mu.Unlock()
	if d.Direction == "send" {
		t.work.Go(func() { s.report(t) })
	}
	m.reply(f.ID, t.parameters())
}

func (s *Server) transport(id string) *transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transports[id]
}

func (s *Server) drop(t *transport) {
	s.mu.Lock()
	delete(s.transports, t.id)
	s.mu.Unlock()
	t.close()
}

func (s *Server) connectTransport(m *member, f wire.Frame) {
	var d wire.Connect
	_ = f.Into(&d)
	t := s.transport(d.TransportID)
	if t == nil {
		m.fail(f.ID, fmt.Sprintf("Transport %s not found", d.TransportID))
		return
	}
	switch err := t.connect(d.DTLSParameters); {
	case errors.Is(err, errFingerprint):
		s.drop(t) // and not a word
	case err != nil:
		m.fail(f.ID, err.Error())
		return
	}
	m.reply(f.ID, wire.Done{Success: true})
}

func (s *Server) produce(m *member, f wire.Frame) {
	var d wire.NewProducer
	_ = f.Into(&d)
	t := s.transport(d.TransportID)
	switch {
	case t == nil:
		m.fail(f.ID, fmt.Sprintf("Transport %s not found", d.TransportID))
		return
	case len(d.RTPParameters.Codecs) == 0:
		m.fail(f.ID, "empty codecs [method:transport.produce]")
		return
	case d.RTPParameters.Codecs[0].Channels != 2 || len(d.RTPParameters.Encodings) == 0:
		m.fail(f.ID, "media codec not supported [method:transport.produce]")
		return
	}
	p := &producer{id: uuid(), user: m.UserID, channel: d.ChannelID, ssrc: d.RTPParameters.Encodings[0].SSRC,
		payloadType: d.RTPParameters.Codecs[0].PayloadType, paused: true}
	t.mu.Lock()
	taken := t.producers[p.ssrc] != nil
	if !taken {
		t.producers[p.ssrc] = p
	}
	t.mu.Unlock()
	if taken {
		m.fail(f.ID, fmt.Sprintf("ssrc already exists in RTP listener [ssrc:%d] [method:transport.produce]", p.ssrc))
		return
	}
	m.mu.Lock()
	m.producer[d.ChannelID] = p
	m.mu.Unlock()
	m.reply(f.ID, wire.Produced{ID: p.id})
}

func (s *Server) consume(m *member, f wire.Frame) {
	var d wire.NewConsumer
	_ = f.Into(&d)
	p := s.producer(func(p *producer) bool { return p.id == d.ProducerID })
	var t *transport // the newest
	s.each(func(o *transport) {
		if o.user == m.UserID && o.channel == d.ChannelID && o.direction == "recv" && (t == nil || o.born.After(t.born)) {
			t = o
		}
	})
	switch {
	case t == nil:
		m.fail(f.ID, "Receive transport not found for consume operation")
		return
	case p == nil:
		m.fail(f.ID, fmt.Sprintf("Producer %s not found", d.ProducerID))
		return
	case len(d.RTPCapabilities.Codecs) == 0:
		m.fail(f.ID, fmt.Sprintf("Cannot consume producer %s with provided RTP capabilities", d.ProducerID))
		return
	}
	c := &consumer{t: t, ssrc: rand.Uint32()}
	p.mu.Lock()
	p.consumers = append(p.consumers, c)
	p.mu.Unlock()
	m.reply(f.ID, wire.Consumer{ID: uuid(), ProducerID: p.id, Kind: "audio", RTPParameters: wire.RTPParameters{
		MID: "0", Codecs: []wire.CodecParameters{wire.Opus(111)}, HeaderExtensions: []wire.ExtensionParameters{},
		Encodings: []wire.Encoding{{SSRC: c.ssrc}}, RTCP: wire.RTCPParameters{CNAME: "vpclient", ReducedSize: true},
	}})
}

func (s *Server) each(do func(*transport)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.transports {
		do(t)
	}
}

func (s *Server) producer(is func(*producer) bool) *producer {
	var found *producer
	s.each(func(t *transport) {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, p := range t.producers {
			if is(p) {
				found = p
			}
		}
	})
	return found
}

// media takes one RTP packet. A type or SSRC that was not announced is dropped
// in silence, and so is everything once consent is stale.
func (t *transport) media(b []byte) {
	if rtcpPacket(b) || time.Now().UnixMilli()-t.heard.Load() > consent.Milliseconds() {
		return
	}
	var h rtp.Header
	t.mu.Lock()
	var clear []byte
	var err error
	if t.decrypt != nil {
		clear, err = t.decrypt.DecryptRTP(nil, b, &h)
	}
	p := t.producers[h.SSRC]
	t.mu.Unlock()
	if clear == nil || err != nil || p == nil || p.payloadType != h.PayloadType {
		return
	}
	var packet rtp.Packet
	if packet.Unmarshal(clear) != nil {
		return
	}
	p.mu.Lock()
	p.received++
	p.highest = h.SequenceNumber
	to := p.consumers
	if p.paused {
		to = nil
	} else {
		p.forwarded++
		p.last = time.Now()
	}
	p.mu.Unlock()
	for _, c := range to {
		c.t.forward(packet, c.ssrc)
	}
}

func rtcpPacket(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// forward sends a packet with the mid that nobody negotiated.
func (t *transport) forward(packet rtp.Packet, ssrc uint32) {
	packet.Header = rtp.Header{Version: 2, Marker: packet.Marker, PayloadType: 111, SequenceNumber: packet.SequenceNumber,
		Timestamp: packet.Timestamp, SSRC: ssrc}
	if packet.SetExtension(1, []byte("0")) != nil {
		return
	}
	b, err := packet.Marshal()
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.encrypt == nil || t.peer == nil {
		return
	}
	if b, err = t.encrypt.EncryptRTP(nil, b, nil); err == nil {
		_, _ = t.sock.WriteTo(b, t.peer)
	}
}

// reports is how often a receiver report comes.
const reports = 4500 * time.Millisecond

// report acknowledges what was received.
func (s *Server) report(t *transport) {
	tick := time.NewTicker(reports)
	defer tick.Stop()
	for {
		select {
		case <-t.closed:
			return
		case <-tick.C:
		}
		t.mu.Lock()
		for _, p := range t.producers {
			p.mu.Lock()
			received, highest := p.received, p.highest
			p.mu.Unlock()
			if received == 0 || t.rtcp == nil || t.peer == nil {
				continue
			}
			b, err := (&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: p.ssrc, LastSequenceNumber: uint32(highest)}}}).Marshal()
			if err != nil {
				continue
			}
			if b, err = t.rtcp.EncryptRTCP(nil, b, nil); err == nil {
				_, _ = t.sock.WriteTo(b, t.peer)
			}
		}
		t.mu.Unlock()
	}
}

// Stream is what became of a member's voice.
type Stream struct {
	Received, Forwarded int
	// Last is when a packet was last forwarded.
	Last   time.Time
	Paused bool
}

// Stream is that of a user's newest producer on a channel.
func (s *Server) Stream(user, channel string) Stream {
	m := s.member(user)
	if m == nil {
		return Stream{}
	}
	p := m.producerOn(channel)
	if p == nil {
		return Stream{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stream{Received: p.received, Forwarded: p.forwarded, Last: p.last, Paused: p.paused}
}

// CrashWorker loses all media and says nothing about it.
func (s *Server) CrashWorker() {
	s.mu.Lock()
	var all []*transport
	for id, t := range s.transports {
		all = append(all, t)
		delete(s.transports, id)
	}
	s.mu.Unlock()
	for _, t := range all {
		t.close()
	}
}

// ForgetProducer makes the server resume nothing for a user's grants, and go on
// to acknowledge what it receives.
func (s *Server) ForgetProducer(user, channel string) {
	if m := s.member(user); m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.producer, channel)
	}
}

// LoseProducers makes the server forget what members send, while their
// transports live on.
func (s *Server) LoseProducers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.transports {
		t.mu.Lock()
		clear(t.producers)
		t.mu.Unlock()
	}
}

// Deafen makes all transports ignore STUN, or hear again.
func (s *Server) Deafen(deaf bool) { s.deafness().Store(deaf) }

func (s *Server) deafness() *atomic.Bool { return &s.deaf }

func routerCapabilities() wire.Capabilities {
	c := wire.OpusCapability()
	c.Codecs[0].RTCPFeedback = []wire.Feedback{{Type: "nack"}, {Type: "transport-cc"}}
	for _, e := range []struct {
		uri string
		id  int
	}{
		{"urn:ietf:params:rtp-hdrext:sdes:mid", 1},
		{"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", 4},
		{"urn:ietf:params:rtp-hdrext:ssrc-audio-level", 6},
	} {
		c.HeaderExtensions = append(c.HeaderExtensions, wire.ExtensionCapability{Kind: "audio", URI: e.uri, PreferredID: e.id, Direction: "sendrecv"})
	}
	return wire.Capabilities{RouterRTPCapabilities: c}
}

package rtc

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/red"
)

// OpusStream is a stream of Opus, or of RED around it, that is received. It counts what
// arrives and hands on each packet of Opus once, so a copy of one that was lost comes
// late, like any other. One goroutine calls Handle; any may call the rest. Its zero value
// has received nothing and needs Begin. Handle does not allocate.
type OpusStream struct {
	count     Counter
	began     time.Time
	last      atomic.Int64 // since began; zero is never
	recovered atomic.Uint64

	on      PacketHandler
	copies  *red.Receiver
	packet  *rtp.Packet // that is handled
	arrived time.Time
	single  rtp.Packet // that is handed on
}

// Begin is called once, before Handle and LastHeard. It sets the payload types of Opus
// and of RED, where 0 is none, and who gets the packets.
func (s *OpusStream) Begin(opus, redType uint8, on PacketHandler) {
	s.began, s.on = time.Now(), on
	s.single.PayloadType = opus
	s.copies = red.NewReceiver(opus, redType, s.handOn)
}

// Handle counts a packet and hands on what is new in it. It ignores one without sound,
// and one that is longer than Opus can be.
func (s *OpusStream) Handle(p *rtp.Packet, arrived time.Time) {
	if len(p.Payload) == 0 || len(p.Payload) > media.MaxOpusPacket {
		return
	}
	age := arrived.Sub(s.began)
	s.last.Store(max(1, int64(age)))
	s.count.Count(&p.Header, age)
	s.packet, s.arrived = p, arrived
	s.copies.Receive(p.PayloadType, red.Packet{Seq: p.SequenceNumber, Timestamp: p.Timestamp, Marker: p.Marker, Opus: p.Payload})
	s.recovered.Store(s.copies.Recovered())
}

func (s *OpusStream) handOn(one red.Packet) {
	opus := s.single.PayloadType
	s.single.Header, s.single.Payload = s.packet.Header, one.Opus
	s.single.PayloadType = opus
	s.single.SequenceNumber, s.single.Timestamp, s.single.Marker = one.Seq, one.Timestamp, one.Marker
	s.on(&s.single, s.arrived)
}

// Report is the receiver report that is due (RFC 3550 section 6.4.2), from own; nil is
// none. One goroutine calls it.
func (s *OpusStream) Report(own uint32, now time.Time) *rtcp.ReceiverReport {
	return s.count.Report(own, now)
}

// Reception is how the stream arrives.
func (s *OpusStream) Reception() media.Reception {
	r := s.count.Reception()
	r.Recovered = s.recovered.Load()
	return r
}

// LastHeard is when the last packet of sound arrived; zero if none has.
func (s *OpusStream) LastHeard() time.Time {
	last := s.last.Load()
	if last == 0 {
		return time.Time{}
	}
	return s.began.Add(time.Duration(last))
}

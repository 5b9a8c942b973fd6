package rtc

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/red"
)

// mtu is the largest datagram that is read.
const mtu = 1500

// streamReceiver receives one stream.
type streamReceiver struct {
	born  time.Time
	last  atomic.Int64 // since born; zero is never
	count Counter

	recovered atomic.Uint64
}

// Reception is how the stream arrives.
func (e *streamReceiver) Reception() media.Reception {
	r := e.count.Reception()
	r.Recovered = e.recovered.Load()
	return r
}

// LastHeard is when the last packet of the stream arrived, zero if none has.
func (e *streamReceiver) LastHeard() time.Time {
	last := e.last.Load()
	if last == 0 {
		return time.Time{}
	}
	return e.born.Add(time.Duration(last))
}

// hear calls on with each sound packet of the first stream the peer sends, one
// at a time. The packet and its payload are reused.
func (e *streamReceiver) hear(c *conn, on func(p *rtp.Packet, arrived time.Time)) {
	e.born = time.Now()
	var first sync.Once
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		first.Do(func() {
			c.loop(func() { e.read(c, t, codecsOf(r.GetParameters().Codecs), on) })
			c.loop(func() { e.report(c) })
		})
	})
}

// report tells the sender what of its stream arrives, until the session ends.
func (e *streamReceiver) report(c *conn) {
	tick := time.NewTicker(lossReportPeriod)
	defer tick.Stop()
	own := rand.Uint32()
	for {
		select {
		case <-c.ending:
			return
		case now := <-tick.C:
			e.reportAt(c, own, now)
		}
	}
}

func (e *streamReceiver) reportAt(c *conn, own uint32, now time.Time) {
	if report := e.count.Report(own, now); report != nil {
		_ = c.pc.WriteRTCP([]rtcp.Packet{report}) // lost where it can't be sent: another follows
	}
}

// read hands on the packets of a stream. Of RED it hands on the packets in it that were
// not there before, so a copy of one that was lost comes late, like any other.
func (e *streamReceiver) read(c *conn, t *webrtc.TrackRemote, types codecs, on func(*rtp.Packet, time.Time)) {
	buf := make([]byte, mtu)
	p, out := &rtp.Packet{}, &rtp.Packet{}
	var arrived time.Time
	receiver := red.NewReceiver(types.opus, types.red, func(one red.Packet) {
		out.Header, out.Payload = p.Header, one.Opus
		out.PayloadType = types.opus
		out.SequenceNumber, out.Timestamp, out.Marker = one.Seq, one.Timestamp, one.Marker
		on(out, arrived)
	})
	for {
		n, _, err := t.Read(buf)
		select {
		case <-c.ending:
			return
		default:
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
			return
		case err != nil:
			continue // a packet of a payload type nobody negotiated
		}
		if p.Unmarshal(buf[:n]) != nil || len(p.Payload) == 0 || len(p.Payload) > media.MaxOpusPacket {
			continue
		}
		arrived = time.Now()
		age := arrived.Sub(e.born)
		e.last.Store(max(1, int64(age)))
		e.count.Count(&p.Header, age)
		receiver.Receive(p.PayloadType, red.Packet{Seq: p.SequenceNumber, Timestamp: p.Timestamp, Marker: p.Marker, Opus: p.Payload})
		e.recovered.Store(receiver.Recovered())
	}
}

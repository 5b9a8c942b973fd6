package rtc

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// mtu is the largest datagram that is read.
const mtu = 1500

// receiveFirst hands s the packets of the first stream the peer sends, and tells the peer
// what of it arrives.
func (c *conn) receiveFirst(s *OpusStream, on PacketHandler) {
	var first sync.Once
	c.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		first.Do(func() {
			c.loop(func() { c.receive(s, t, r, on) })
			c.loop(func() { c.report(s) })
		})
	})
}

// receive hands s the packets of t until that or the session ends.
func (c *conn) receive(s *OpusStream, t *webrtc.TrackRemote, r *webrtc.RTPReceiver, on PacketHandler) {
	types := codecsOf(r.GetParameters().Codecs)
	s.Begin(types.opus, types.red, on)
	buf, p := make([]byte, mtu), &rtp.Packet{}
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
		if p.Unmarshal(buf[:n]) == nil {
			s.Handle(p, time.Now())
		}
	}
}

// report tells the sender what of its stream arrives, until the session ends.
func (c *conn) report(s *OpusStream) {
	tick := time.NewTicker(lossReportPeriod)
	defer tick.Stop()
	own := rand.Uint32()
	for {
		select {
		case <-c.ending:
			return
		case now := <-tick.C:
			if report := s.Report(own, now); report != nil {
				_ = c.pc.WriteRTCP([]rtcp.Packet{report}) // lost where it can't be sent: another follows
			}
		}
	}
}

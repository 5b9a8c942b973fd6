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
)

const (
	// mtu is the largest datagram that is read.
	mtu = 1500
	// reportPeriod is that of receiver reports (RFC 3550 section 6.2).
	reportPeriod = 5 * time.Second
)

// ear hears the one stream of a session that receives.
type ear struct {
	born  time.Time
	last  atomic.Int64 // since born; zero is never
	count Counter
}

// Reception is how the stream arrives.
func (e *ear) Reception() media.Reception { return e.count.Reception() }

// LastHeard is when the last packet of the stream arrived, zero if none has.
func (e *ear) LastHeard() time.Time {
	last := e.last.Load()
	if last == 0 {
		return time.Time{}
	}
	return e.born.Add(time.Duration(last))
}

// hear calls on with each sound packet of the first stream the peer sends, one
// at a time. The packet and its payload are reused.
func (e *ear) hear(c *conn, on func(p *rtp.Packet, arrived time.Time)) {
	e.born = time.Now()
	var first sync.Once
	c.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		first.Do(func() {
			c.loop(func() { e.read(c, t, on) })
			c.loop(func() { e.report(c) })
		})
	})
}

// report tells the sender what of its stream arrives, until the session ends.
func (e *ear) report(c *conn) {
	tick := time.NewTicker(reportPeriod)
	defer tick.Stop()
	own := rand.Uint32()
	for {
		select {
		case <-c.ending:
			return
		case <-tick.C:
		}
		if report := e.count.Report(own); report != nil {
			_ = c.pc.WriteRTCP([]rtcp.Packet{report}) // lost where it can't be sent: another follows
		}
	}
}

func (e *ear) read(c *conn, t *webrtc.TrackRemote, on func(*rtp.Packet, time.Time)) {
	buf := make([]byte, mtu)
	p := &rtp.Packet{}
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
		arrived := time.Now()
		age := arrived.Sub(e.born)
		e.last.Store(max(1, int64(age)))
		e.count.Count(&p.Header, age)
		on(p, arrived)
	}
}

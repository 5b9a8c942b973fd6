package rtc

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/talkgate/talkgate/media"
)

// mtu is the largest datagram that is read.
const mtu = 1500

// ear hears the one stream of a session that receives.
type ear struct {
	born  time.Time
	last  atomic.Int64 // since born; zero is never
	count reception
}

// Reception is how the stream arrives.
func (e *ear) Reception() media.Reception { return e.count.read() }

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
			c.loop(func() { e.count.report(c) })
		})
	})
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
		if p.Unmarshal(buf[:n]) != nil || len(p.Payload) == 0 || len(p.Payload) > media.MaxOpusFrame {
			continue
		}
		arrived := time.Now()
		age := arrived.Sub(e.born)
		e.last.Store(max(1, int64(age)))
		e.count.take(&p.Header, age)
		on(p, arrived)
	}
}

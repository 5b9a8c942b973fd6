package icelite

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"

	"github.com/talkgate/talkgate/media/red"
)

// reportInterval is the least time between two packets of RTCP of a peer that are read:
// none of it costs more than a few of them.
const reportInterval = 200 * time.Millisecond

// reports reads the receiver reports of a peer (RFC 3550 section 6.4.2) for the loss in
// them.
type reports struct {
	depth red.Depth

	mu   sync.Mutex
	in   *srtp.Context
	last time.Time
}

// receive handles a packet of SRTCP.
func (r *reports) receive(c *conn, b []byte, now time.Time) {
	if !c.isConnected() || len(b) > mtu {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) < reportInterval {
		return
	}
	r.last = now
	if r.in == nil {
		k := c.keys.Keys
		in, err := srtp.CreateContext(k.RemoteMasterKey, k.RemoteMasterSalt, c.keys.Profile, srtp.SRTCPReplayProtection(replayWindow))
		if err != nil {
			c.log.Error("no keys for SRTCP", "err", err)
			return
		}
		r.in = in
	}
	plain, err := r.in.DecryptRTCP(nil, b, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		return
	}
	for _, p := range packets {
		if report, ok := p.(*rtcp.ReceiverReport); ok {
			r.read(report.Reports, c.ssrc)
		}
	}
}

// read takes note of what is said about our stream.
func (r *reports) read(blocks []rtcp.ReceptionReport, ssrc uint32) {
	for _, b := range blocks {
		if b.SSRC == ssrc {
			r.depth.Report(float64(b.FractionLost) / 256)
			return
		}
	}
}

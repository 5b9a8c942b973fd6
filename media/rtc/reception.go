package rtc

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

const (
	// reportPeriod is that of receiver reports (RFC 3550 section 6.2).
	reportPeriod = 5 * time.Second
	// maxDropout is the greatest step of a sequence number that counts as loss
	// (RFC 3550 appendix A.1); one beyond it begins the stream anew.
	maxDropout = 3000
)

// reception counts the packets of one stream. One goroutine takes them; any may
// read. Nothing in it allocates or locks.
type reception struct {
	begun   bool
	transit int32 // arrival less timestamp, of the packet before, in samples
	scaled  int32 // jitter times 16, in samples (RFC 3550 appendix A.8)

	ssrc, highest, jitter atomic.Uint32
	expected, received    atomic.Uint64
}

// take counts a packet that arrived at a time of any clock.
func (r *reception) take(h *rtp.Header, arrived time.Duration) {
	highest := r.highest.Load()
	step := int16(h.SequenceNumber - uint16(highest))
	transit := int32(arrived.Microseconds()*(media.SampleRate/1000)/1000) - int32(h.Timestamp)
	switch {
	case !r.begun || h.SSRC != r.ssrc.Load() || step > maxDropout || step < -maxDropout:
		r.begun = true
		r.ssrc.Store(h.SSRC)
		r.highest.Store(uint32(h.SequenceNumber))
		r.expected.Add(1)
	default:
		if step > 0 {
			r.highest.Store(highest + uint32(step))
			r.expected.Add(uint64(step))
		}
		// What was said before a talk spurt was granted comes all at once.
		if !h.Marker {
			d := transit - r.transit
			r.scaled += max(d, -d) - (r.scaled+8)>>4
			r.jitter.Store(uint32(r.scaled >> 4))
		}
	}
	r.transit = transit
	r.received.Add(1)
}

func (r *reception) read() media.Reception {
	return media.Reception{
		Received: r.received.Load(), // first, so that nothing is lost in between
		Expected: r.expected.Load(),
		Jitter:   inSamples(r.jitter.Load()),
	}
}

func inSamples(n uint32) time.Duration { return time.Duration(n) * time.Second / media.SampleRate }

// report tells the sender what of its stream arrives (RFC 3550 section 6.4.2),
// until the session ends. Nothing is said of silence.
func (r *reception) report(c *conn) {
	tick := time.NewTicker(reportPeriod)
	defer tick.Stop()
	own := rand.Uint32()
	var told media.Reception
	for {
		select {
		case <-c.ending:
			return
		case <-tick.C:
		}
		now := r.read()
		if now.Received == told.Received {
			continue
		}
		// It is lost where it cannot be sent: another follows.
		_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: own, Reports: []rtcp.ReceptionReport{r.block(now, now.Since(told))}}})
		told = now
	}
}

func (r *reception) block(now, since media.Reception) rtcp.ReceptionReport {
	b := rtcp.ReceptionReport{
		SSRC:               r.ssrc.Load(),
		TotalLost:          uint32(min(now.Lost(), 1<<23-1)),
		LastSequenceNumber: r.highest.Load(),
		Jitter:             r.jitter.Load(),
	}
	if since.Expected > 0 {
		b.FractionLost = uint8(min(since.Lost()*256/since.Expected, 255))
	}
	return b
}

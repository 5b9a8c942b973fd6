package rtc

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// maxDropout is the greatest step of a sequence number that counts as loss (RFC
// 3550 appendix A.1); one beyond it begins the stream anew.
const maxDropout = 3000

// Counter counts the packets of one received stream (RFC 3550 appendix A). One
// goroutine counts and one reports; any may read. Counting neither allocates nor
// locks. The zero value has counted nothing.
type Counter struct {
	begun   bool
	transit int32 // arrival less timestamp, of the packet before, in samples
	scaled  int32 // jitter times 16, in samples (RFC 3550 appendix A.8)

	ssrc, highest, jitter atomic.Uint32
	expected, received    atomic.Uint64

	reported   media.Reception // by the last report
	reportedAt time.Time
}

const (
	// reportPeriod is that of receiver reports (RFC 3550 section 6.2), and
	// lossReportPeriod their least distance while packets are lost: a sender that can
	// do something about it is told soon (RFC 4585 section 3.3).
	reportPeriod     = 5 * time.Second
	lossReportPeriod = time.Second
)

// Count counts a packet that arrived at a time of any clock.
func (r *Counter) Count(h *rtp.Header, arrived time.Duration) {
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

// Reception is what was counted so far.
func (r *Counter) Reception() media.Reception {
	return media.Reception{
		Received: r.received.Load(), // first, so that nothing is lost in between
		Expected: r.expected.Load(),
		Jitter:   inSamples(r.jitter.Load()),
	}
}

func inSamples(n uint32) time.Duration { return time.Duration(n) * time.Second / media.SampleRate }

// Report is a receiver report (RFC 3550 section 6.4.2) from own about what arrived
// since the one before; nil if nothing did, or if it is too soon for the next: after
// 1 s with a loss, 5 s without. Call it about once a second.
func (r *Counter) Report(own uint32, at time.Time) *rtcp.ReceiverReport {
	now := r.Reception()
	since := now.Since(r.reported)
	period := reportPeriod
	if since.Lost() > 0 {
		period = lossReportPeriod
	}
	if now.Received == r.reported.Received || at.Sub(r.reportedAt) < period {
		return nil
	}
	block := r.block(now, since)
	r.reported, r.reportedAt = now, at
	return &rtcp.ReceiverReport{SSRC: own, Reports: []rtcp.ReceptionReport{block}}
}

func (r *Counter) block(now, since media.Reception) rtcp.ReceptionReport {
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

package forward

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/pion/opus"

	"github.com/talkgate/talkgate/media"
)

const (
	// meterInterval is how often levels are reported while somebody talks.
	meterInterval = 100 * time.Millisecond
	// meterBacklog bounds what the meter may lag behind, in packets.
	meterBacklog = 8
	// maxOpusSamples is the longest packet, 120 ms (RFC 6716 section 2.1.4).
	maxOpusSamples = media.SampleRate * 120 / 1000
)

type meterPacket struct {
	userID string
	first  bool
	size   int
	data   [media.MaxOpusPacket]byte
}

// Meter decodes what goes out on a channel to tell how loud it is. It stands
// beside the forwarding path: a packet it has no time for is not measured.
type Meter struct {
	packets chan meterPacket
	report  func(map[string]float64)

	decoder opus.Decoder
	pcm     [maxOpusSamples]int16
	level   media.Level
	talker  string
}

// NewMeter makes a meter that reports levels in dBFS by user: every meterInterval
// while somebody talks, and none once when that ended.
func NewMeter(report func(map[string]float64)) *Meter {
	return &Meter{packets: make(chan meterPacket, meterBacklog), report: report}
}

// Hear hands over a packet that went out. It never blocks.
func (m *Meter) Hear(out *Outgoing) {
	if len(m.packets) == cap(m.packets) {
		return
	}
	p := meterPacket{userID: out.From.UserID, first: out.Marker}
	p.size = copy(p.data[:], out.Payload)
	select {
	case m.packets <- p:
	default:
	}
}

// Run measures until ctx ends.
func (m *Meter) Run(ctx context.Context) {
	tick := time.NewTicker(meterInterval)
	defer tick.Stop()
	heard, reported := false, false
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-m.packets:
			if p.first || p.userID != m.talker {
				m.Begin(p.userID)
			}
			if n, err := m.decode(p.data[:p.size]); err == nil {
				m.level.Measure(m.pcm[:n])
				heard = true
			}
		case <-tick.C:
			switch {
			case heard:
				m.report(map[string]float64{m.talker: math.Round(m.level.RMS()*10) / 10})
			case reported:
				m.report(map[string]float64{})
			}
			heard, reported = false, heard
		}
	}
}

// Begin begins the talk spurt of a user: what was measured before is forgotten.
func (m *Meter) Begin(userID string) {
	m.talker = userID
	m.level = media.Level{}
	m.reset()
}

func (m *Meter) reset() {
	m.decoder = opus.NewDecoder()
	_ = m.decoder.Init(media.SampleRate, 1) // fails for other rates only
}

// decode returns the number of samples. Members send what they like, and a
// decoder that trips over it must cost no more than a level.
func (m *Meter) decode(packet []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			m.reset()
			err = fmt.Errorf("decoder: %v", r)
		}
	}()
	return m.decoder.DecodeToInt16(packet, m.pcm[:])
}

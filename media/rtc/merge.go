package rtc

import (
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media"
)

// Merge makes one stream, with continuous sequence numbers and timestamps, of
// the packets of successive speakers, told apart by their SSRCs.
type Merge struct{ splice splice }

// NewMerge begins a stream.
func NewMerge() *Merge { return &Merge{splice: newSplice(time.Now())} }

// Join is p, of the speaker with that number, as part of the stream.
func (m *Merge) Join(p media.Packet, speaker uint32) media.Packet {
	p.Seq, p.Timestamp, p.Marker = m.splice.next(&rtp.Header{
		SSRC: speaker, SequenceNumber: p.Seq, Timestamp: p.Timestamp, Marker: p.Marker,
	})
	return p
}

// Next is the packet as part of the stream. Its Opus is p's payload.
func (m *Merge) Next(p *rtp.Packet, arrived time.Time) media.Packet {
	seq, timestamp, marker := m.splice.next(&p.Header)
	return media.Packet{Seq: seq, Timestamp: timestamp, Marker: marker, Arrived: arrived, Opus: p.Payload}
}

package demo

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// probe is a link that keeps a record of each packet that passes, at the last
// place before the socket and the first after it.
type probe struct {
	port.Link
	sent, heard *tape
}

// Run implements port.Link.
func (p *probe) Run(ctx context.Context, ev port.LinkEvents) error {
	return p.Link.Run(ctx, probedEvents{ev, p.heard})
}

// WriteOpus implements port.Link.
func (p *probe) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	began := time.Now()
	err := p.Link.WriteOpus(frame, timestamp, first)
	if err == nil {
		p.sent.write(packet{began: began, ended: time.Now(), timestamp: timestamp, first: first}, frame)
	}
	return err
}

type probedEvents struct {
	port.LinkEvents
	heard *tape
}

// Receive implements port.LinkEvents.
func (e probedEvents) Receive(p media.Packet) {
	e.heard.write(packet{began: p.Arrived, ended: p.Arrived, timestamp: p.Timestamp, first: p.Marker}, p.Opus)
	e.LinkEvents.Receive(p)
}

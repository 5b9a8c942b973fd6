package flight

import (
	"context"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// Link is a link with what passes it recorded.
func Link(link port.Link, ring *Ring) port.Link { return &recordedLink{link, ring} }

type recordedLink struct {
	port.Link
	ring *Ring
}

// Run runs the link.
func (l *recordedLink) Run(ctx context.Context, ev port.LinkEvents) error {
	return l.Link.Run(ctx, recordedEvents{ev, l.ring})
}

// WriteOpus hands the frame on.
func (l *recordedLink) WriteOpus(opus []byte, timestamp uint32, first bool) error {
	err := l.Link.WriteOpus(opus, timestamp, first)
	kind := Sent
	if err != nil {
		kind = Unsent
	}
	head := Frame{Timestamp: timestamp, First: first}.head()
	l.ring.write(kind, head[:], opus)
	return err
}

type recordedEvents struct {
	port.LinkEvents
	ring *Ring
}

// Receive hands the packet on. Of two voices the more important is recorded.
func (e recordedEvents) Receive(p media.Packet) {
	if !p.Lesser {
		head := Frame{Timestamp: p.Timestamp, Seq: p.Seq, First: p.Marker}.head()
		e.ring.write(Heard, head[:], p.Opus)
	}
	e.LinkEvents.Receive(p)
}

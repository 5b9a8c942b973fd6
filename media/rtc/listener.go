package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// Listener is the answering side of a stream that is sent: what a channel sends
// to one of its members.
type Listener struct {
	*conn
	out *track

	mu     sync.Mutex
	splice splice
	header rtp.Header
}

// AcceptListener answers an offer to hear. It returns before the peer has
// connected; the session ends by itself if that never happens. Errors wrap
// ErrBadSDP or ErrNoOpus when the offer is at fault.
func (e *Engine) AcceptListener(ctx context.Context, offer string) (*Listener, string, error) {
	if err := checkSDP(offer, listens); err != nil {
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	c, err := e.newConn()
	if err != nil {
		return nil, "", err
	}
	l := &Listener{conn: c, out: newTrack(), splice: newSplice(time.Now())}
	if err := c.send(l.out, nil); err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	answer, err := c.answer(ctx, offer, listens)
	if err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept listener: %w", err)
	}
	return l, answer, nil
}

// WriteRTP forwards one packet of whoever speaks; p is neither changed nor kept.
// Packets of different speakers become one stream with continuous sequence
// numbers, whose timestamps advance with the clock. A packet before the
// connection stands is dropped. It neither blocks nor allocates, and may be
// called from several goroutines.
func (l *Listener) WriteRTP(p *rtp.Packet) error {
	select {
	case <-l.ending:
		return l.Err()
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.header = rtp.Header{Version: 2}
	l.header.SequenceNumber, l.header.Timestamp, l.header.Marker = l.splice.next(&p.Header)
	return l.out.write(&l.header, p.Payload)
}

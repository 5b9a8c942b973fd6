package rtc

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/rtp"
)

// Session is the answering side of a stream that is received: a member's voice.
type Session struct {
	*conn
	ear
}

// AcceptPublisher answers an offer to send. It returns before the peer has
// connected; the session ends by itself if that never happens. on is called with
// each packet, one at a time; the packet and its payload are reused when it
// returns. Errors wrap ErrBadSDP or ErrNoOpus when the offer is at fault.
func (e *Engine) AcceptPublisher(ctx context.Context, offer string, on func(p *rtp.Packet)) (*Session, string, error) {
	if err := checkSDP(offer, sends); err != nil {
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	c, err := e.newConn()
	if err != nil {
		return nil, "", err
	}
	s := &Session{conn: c}
	s.hear(c, func(p *rtp.Packet, _ time.Time) { on(p) })
	answer, err := c.answer(ctx, offer, sends)
	if err != nil {
		_ = c.Close()
		return nil, "", fmt.Errorf("accept publisher: %w", err)
	}
	return s, answer, nil
}

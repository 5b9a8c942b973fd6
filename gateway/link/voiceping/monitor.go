package voiceping

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

// monitorAgain is how long a monitored channel that cannot be joined is left in
// peace, unless the server says that the port may: it looks at rights every 30 s.
const monitorAgain = time.Minute

// monitored is what the server says of the port on a channel that it only
// listens to: made to leave, or allowed on it.
type monitored struct{ left, back chan struct{} }

// note says something once to whoever listens for it.
func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// monitor keeps the port on a monitored channel. Whatever goes wrong there, the
// session and the other channels go on.
func (s *session) monitor(channel string, m monitored, index int) {
	for {
		ctx, cancel := context.WithTimeout(s.ctx, connectTimeout)
		err := s.enter(ctx, channel)
		if err == nil {
			err = s.hear(ctx, channel, index)
		}
		cancel()
		if err == nil {
			s.link.log.Info("a channel is monitored", "channel", channel)
			s.look()
			select {
			case <-m.left:
				err = fmt.Errorf("channel %q: %w any more", channel, port.LinkNoMember)
			case <-s.ctx.Done():
			}
		}
		s.deafen(channel)
		if s.ctx.Err() != nil {
			return
		}
		s.link.log.Warn("a channel is not monitored", "channel", channel, "error", err, "retry_in", monitorAgain)
		select {
		case <-m.back:
		case <-time.After(monitorAgain):
		case <-s.ctx.Done():
			return
		}
	}
}

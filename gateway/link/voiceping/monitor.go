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

// monitored is what happens to the port on a channel that it only listens to.
type monitored struct {
	left      chan struct{} // the server made it leave
	withdrawn chan struct{} // Redis gives it no rights
	back      chan struct{} // it may try again
}

func newMonitored() monitored {
	return monitored{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}
}

// fresh forgets what was noted.
func (m monitored) fresh() {
	for _, c := range []chan struct{}{m.left, m.withdrawn, m.back} {
		select {
		case <-c:
		default:
		}
	}
}

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
		m.fresh()
		err := s.listenOn(channel, index)
		if err == nil {
			s.link.log.Info("a channel is monitored", "channel", channel)
			s.look()
			err = fmt.Errorf("channel %q: %w any more", channel, port.LinkNoMember)
			select {
			case <-m.left:
			case <-m.withdrawn:
				s.deafen(channel)
				s.leave(channel)
			case <-s.ctx.Done():
			}
		}
		s.deafen(channel)
		if s.ctx.Err() != nil {
			return
		}
		s.link.log.Warn("a channel is not monitored", "channel", channel, "err", err, "retry_in", monitorAgain)
		select {
		case <-m.back:
		case <-time.After(monitorAgain):
		case <-s.ctx.Done():
			return
		}
	}
}

// listenOn makes a monitored channel audible, unless it is known to be refused.
func (s *session) listenOn(channel string, index int) error {
	if s.link.withdrawn(channel) {
		return fmt.Errorf("channel %q: %w: Redis gives no rights on it", channel, port.LinkNoMember)
	}
	ctx, cancel := context.WithTimeout(s.ctx, connectTimeout)
	defer cancel()
	if err := s.enter(ctx, channel); err != nil {
		return err
	}
	return s.hear(ctx, channel, index)
}

package voiceping

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

// monitorRetry is the interval between attempts to join a monitored channel. The
// server's news of a right ends the wait early; it checks rights every 30 s.
const monitorRetry = time.Minute

// monitored carries events of a channel that the port only listens to.
type monitored struct {
	left      chan struct{} // the server made it leave
	withdrawn chan struct{} // Redis gives it no rights
	back      chan struct{} // it may try again
}

func newMonitored() monitored {
	return monitored{make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)}
}

// fresh drops pending events.
func (m monitored) fresh() {
	for _, c := range []chan struct{}{m.left, m.withdrawn, m.back} {
		select {
		case <-c:
		default:
		}
	}
}

// note wakes the reader of c; it does not wait.
func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// monitor keeps the port on a monitored channel. Errors there do not affect the
// session or the other channels.
func (s *session) monitor(channel string, m monitored, index int) {
	for {
		m.fresh()
		err := s.listenOn(channel, index)
		if err == nil {
			s.link.log.Info("a channel is monitored", "channel", channel)
			s.wake()
			err = fmt.Errorf("channel %q: %w any more", channel, port.LinkNoMember)
			select {
			case <-m.left:
			case <-m.withdrawn:
				s.stopListening(channel)
				s.leave(channel)
			case <-s.ctx.Done():
			}
		}
		s.stopListening(channel)
		if s.ctx.Err() != nil {
			return
		}
		s.link.log.Warn("a channel is not monitored", "channel", channel, "err", err, "retry_in", monitorRetry)
		select {
		case <-m.back:
		case <-time.After(monitorRetry):
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
	return s.startListening(ctx, channel, index)
}

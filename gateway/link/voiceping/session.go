package voiceping

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
)

// session is one connection to the server with all its media.
type session struct {
	link     *Link
	conn     *conn
	solos    []*rtc.SpeakerSelector // of what is heard, by channel
	voice    *rtc.Publication
	produced string        // id of our producer
	ended    chan error    // why the connection ended
	lost     chan error    // why media ended
	news     chan struct{} // something to consume
	work     sync.WaitGroup
	stop     context.CancelFunc
	ctx      context.Context

	stopping *answered // the latest ptt-stop; guarded by the link's floor lock

	writing   sync.Mutex // of voice
	timestamp uint32     // of the sample after the last that was sent

	mu        sync.Mutex
	reason    error // why the server ends the session, in its own words
	receivers map[string]*rtc.MultiReceiver
	heard     map[voice]uint32  // SSRCs of what is consumed
	talkers   map[string]talker // by channel

	monitored map[string]monitored // set once
	withdrawn chan struct{}        // the user has no rights on its own channel any more
}

func (l *Link) connect(ctx context.Context, token string, solos []*rtc.SpeakerSelector) (*session, error) {
	s := &session{link: l, solos: solos, ended: make(chan error, 1), lost: make(chan error, 1), news: make(chan struct{}, 1), withdrawn: make(chan struct{}, 1),
		receivers: make(map[string]*rtc.MultiReceiver), heard: make(map[voice]uint32), talkers: make(map[string]talker),
		monitored: make(map[string]monitored)}
	for _, channel := range l.cfg.Monitor {
		s.monitored[channel] = newMonitored()
	}
	c, err := dial(ctx, l.cfg.URL, token, l.cfg.Client, s.pushed)
	if err != nil {
		return nil, err
	}
	s.conn = c
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.work.Go(func() { s.ended <- c.run(s.ctx) })
	return s, nil
}

// close ends everything the session started.
func (s *session) close() {
	s.stop()
	if s.voice != nil {
		_ = s.voice.Close()
	}
	s.work.Wait()
}

// because returns why the session ended: the server's reason, if it gave one, or err.
func (s *session) because(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason != nil {
		return s.reason
	}
	if closedWith(err) == wire.CloseForced {
		return fmt.Errorf("%w by a dispatcher: %w", port.LinkDisconnected, err)
	}
	return err
}

// endWith records why the server ends the session. The first reason counts.
func (s *session) endWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == nil {
		s.reason = err
	}
}

// fail ends the session because its media failed.
func (s *session) fail(err error) {
	select {
	case s.lost <- err:
	default:
	}
}

// join becomes a member of the channel to talk on, with media. The monitored
// channels follow when they can; none of them delays talking.
func (s *session) join(ctx context.Context) error {
	channel := s.link.cfg.Channel
	if err := s.enter(ctx, channel); err != nil {
		return err
	}
	// Publish at the join, not at the press: the server never resumes a producer
	// that was made after ptt-start.
	voice, err := s.link.cfg.Engine.Publish(ctx, s.publish)
	if err != nil {
		return fmt.Errorf("channel %q: %w", channel, err)
	}
	s.voice = voice
	s.link.out.Follow(voice)
	if err := s.startListening(ctx, channel, 0); err != nil {
		return err
	}
	s.work.Go(s.consume)
	for i, channel := range s.link.cfg.Monitor {
		s.work.Go(func() { s.monitor(channel, s.monitored[channel], i+1) })
	}
	s.wake()
	return nil
}

// enter becomes a member of a channel.
func (s *session) enter(ctx context.Context, channel string) error {
	err := s.conn.ask(ctx, wire.JoinChannel, wire.OfChannel{ChannelID: channel}, nil)
	var no *Refusal
	switch {
	case refusedWith(err, wire.ChannelFull):
		return fmt.Errorf("channel %q: %w: %w", channel, port.LinkFull, err)
	case errors.As(err, &no):
		return fmt.Errorf("channel %q: %w: %w", channel, port.LinkNoMember, err)
	case err != nil:
		return fmt.Errorf("channel %q: %w", channel, err)
	}
	return nil
}

// watch waits for the session's end and returns its cause.
func (s *session) watch(ctx context.Context) error {
	tick := time.NewTicker(echoCheckEvery)
	defer tick.Stop()
	var echoes echoWatch
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-s.ended:
			return err
		case err := <-s.lost:
			return err
		case <-s.withdrawn:
			return s.revoked()
		case <-s.voice.Done():
			return fmt.Errorf("what is said: %w", s.voice.Err())
		case <-tick.C:
			s.warnOfUnheard()
			if hears := s.receiver(s.link.cfg.Channel); hears != nil {
				if err := echoes.check(s.voice, hears); err != nil {
					return err
				}
			}
		}
	}
}

package voiceping

import (
	"context"
	"errors"
	"fmt"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/media/rtc"
)

// startListening makes the members of a channel audible until the session ends.
// index selects the channel's speaker selector: 0 is the port's own channel.
func (s *session) startListening(ctx context.Context, channel string, index int) error {
	receiver, err := s.link.cfg.Engine.ReceiveMany(ctx, s.listen(channel), s.solos[index])
	if err != nil {
		return fmt.Errorf("channel %q: %w", channel, err)
	}
	s.mu.Lock()
	s.receivers[channel] = receiver
	s.mu.Unlock()
	s.work.Go(func() {
		defer receiver.Close()
		select {
		case <-receiver.Done():
			if s.receiver(channel) == receiver {
				s.fail(fmt.Errorf("what is heard of channel %q: %w", channel, receiver.Err()))
			}
		case <-s.ctx.Done():
		}
	})
	return nil
}

// stopListening closes the receiver of a channel.
func (s *session) stopListening(channel string) {
	s.mu.Lock()
	receiver := s.receivers[channel]
	delete(s.receivers, channel)
	for v := range s.heard {
		if v.channel == channel {
			delete(s.heard, v)
		}
	}
	s.mu.Unlock()
	if receiver != nil {
		_ = receiver.Close()
	}
}

func (s *session) receiver(channel string) *rtc.MultiReceiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receivers[channel]
}

// wake makes consume read the roster again.
func (s *session) wake() { note(s.news) }

// consume requests the stream of every known producer, once. The port's own comes
// first: it shows that the server forwards what the port sends.
func (s *session) consume() {
	own := voice{s.link.cfg.Channel, s.produced}
	ssrc, err := s.ask(own)
	switch hears := s.receiver(own.channel); {
	case err != nil:
		s.link.log.Debug("the port does not hear itself", "err", err)
	case hears != nil:
		hears.Own(ssrc)
	}
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.news:
		}
		for _, v := range s.link.members.all() {
			if !s.needed(v) {
				continue
			}
			ssrc, err := s.ask(v)
			var no *Refusal
			switch {
			case err == nil:
				s.addStream(v, ssrc)
			case errors.As(err, &no):
				s.link.members.drop(v)
				s.link.log.Debug("a member cannot be heard", "channel", v.channel, "err", err)
			}
		}
	}
}

// needed reports whether a stream still has to be requested.
func (s *session) needed(v voice) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, heard := s.heard[v]
	return s.receivers[v.channel] != nil && !heard && s.ctx.Err() == nil
}

// addStream records the SSRC of a stream.
func (s *session) addStream(v voice, ssrc uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receivers[v.channel] != nil {
		s.heard[v] = ssrc
	}
	if !s.link.members.has(v) { // it went meanwhile
		s.work.Go(func() { s.endStream(v) })
	}
}

// endStream ends the stream of a producer that is gone. It does not wait.
func (s *session) endStream(v voice) {
	s.mu.Lock()
	ssrc, heard := s.heard[v]
	delete(s.heard, v)
	receiver := s.receivers[v.channel]
	s.mu.Unlock()
	if heard && receiver != nil {
		s.work.Go(func() { receiver.End(ssrc) })
	}
}

// ask requests a stream and returns its SSRC.
func (s *session) ask(v voice) (ssrc uint32, err error) {
	var c wire.Consumer
	if err := s.conn.ask(s.ctx, wire.Consume, wire.NewConsumer{ChannelID: v.channel, ProducerID: v.producer,
		RTPCapabilities: wire.OpusCapability()}, &c); err != nil {
		return 0, err
	}
	if len(c.RTPParameters.Encodings) == 0 {
		return 0, errors.New("the reply to consume names no SSRC")
	}
	return c.RTPParameters.Encodings[0].SSRC, nil
}

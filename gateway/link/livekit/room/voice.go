package room

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
	"github.com/talkgate/talkgate/media/rtc"
)

// trackID is what the stream is called in the offer, and so in the request to
// publish it.
const trackID = "voice"

const (
	// maxUnacknowledged is how many frames may be sent without a receiver report.
	maxUnacknowledged = 265
	// maxMutes is how often a stream is unmuted in one talk spurt.
	maxMutes = 3
	// publishTimeout bounds the publishing in a session that stands.
	publishTimeout = 10 * time.Second
)

// voice is the stream of a member. It is published once and kept.
type voice struct {
	*rtc.Publication
	sid   string
	muted atomic.Bool
	mutes atomic.Int32 // in this talk spurt
	// unmute is asked when a frame is to be sent on a muted stream.
	unmute chan struct{}
}

// WriteOpus sends one frame, as [rtc.Publication.WriteOpus] does. Whoever has a frame
// to send has the floor; so a muted stream is unmuted.
func (v *voice) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	if first {
		v.mutes.Store(0)
	}
	if v.muted.Load() {
		select {
		case v.unmute <- struct{}{}:
		default:
		}
	}
	return v.Publication.WriteOpus(frame, timestamp, first)
}

// onMute notes that the server muted or unmuted the stream. It returns ErrMuted if
// the server mutes it again and again in one talk spurt.
func (v *voice) onMute(muted bool) error {
	v.muted.Store(muted)
	if muted && v.mutes.Add(1) > maxMutes {
		return ErrMuted
	}
	return nil
}

// publish asks the server to accept a stream, and connects it.
func (s *Session) publish(ctx context.Context) error {
	v := &voice{unmute: make(chan struct{}, 1)}
	err := s.conn.send(&wire.SignalRequest{Message: &wire.SignalRequest_AddTrack{AddTrack: &wire.AddTrackRequest{
		Cid: trackID, Name: trackID, Source: wire.TrackSource_MICROPHONE, DisableDtx: true,
	}}})
	if err != nil {
		return err
	}
	select {
	case t := <-s.published:
		v.sid = t.GetTrack().GetSid()
	case <-s.refused:
		return errRefused
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-ctx.Done():
		return errors.New("LiveKit does not answer the request to publish")
	}
	v.Publication, err = s.engine.PublishTrickled(ctx, s.exchange, &s.sending)
	if err != nil {
		return err
	}
	// To the server the stream begins with its first packet; the others are to
	// have it before the first talk spurt.
	if err := v.Announce(); err != nil {
		_ = v.Close()
		return fmt.Errorf("announce: %w", err)
	}
	s.voice.Store(v)
	s.work.Go(func() { s.unmute(v) })
	s.work.Go(func() { s.end(s.watchVoice(v)) })
	return nil
}

// exchange carries an offer to the server.
func (s *Session) exchange(ctx context.Context, offer string) (string, error) {
	err := s.conn.send(&wire.SignalRequest{Message: &wire.SignalRequest_Offer{
		Offer: &wire.SessionDescription{Type: "offer", Sdp: offer},
	}})
	if err != nil {
		return "", err
	}
	select {
	case sdp := <-s.answers:
		return sdp, nil
	case <-s.ctx.Done():
		return "", context.Cause(s.ctx)
	case <-ctx.Done():
		return "", errors.New("LiveKit does not answer the offer")
	}
}

// unmute asks the server to let the stream through again: a guard may have muted it
// before it had news of the floor.
func (s *Session) unmute(v *voice) {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-v.unmute:
		}
		if !v.muted.Swap(false) {
			continue
		}
		_ = s.conn.send(&wire.SignalRequest{Message: &wire.SignalRequest_Mute{Mute: &wire.MuteTrackRequest{Sid: v.sid}}})
	}
}

// watchVoice waits for the end of what is said and says what ended it.
func (s *Session) watchVoice(v *voice) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-v.Done():
			return fmt.Errorf("what is said: %w", v.Err())
		case <-tick.C:
			if s.may.Load() && v.Unacknowledged() > maxUnacknowledged {
				return ErrUnacknowledged
			}
		}
	}
}

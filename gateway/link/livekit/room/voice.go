package room

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
	"github.com/talkgate/talkgate/media/rtc"
)

// trackID is what the stream is called in the offer, and so in the request to
// publish it.
const trackID = "voice"

// voice is what a member says: published once, at the join, and kept.
type voice struct {
	*rtc.Publication
	sid   string
	muted atomic.Bool
	// unmute is asked when a talk spurt begins on a muted stream.
	unmute chan struct{}
}

// WriteOpus sends one frame, as [rtc.Publication.WriteOpus] does.
func (v *voice) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	if first && v.muted.Load() {
		select {
		case v.unmute <- struct{}{}:
		default:
		}
	}
	return v.Publication.WriteOpus(frame, timestamp, first)
}

// publish asks the server to take a stream, and connects it.
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

// mutes tells the server to let the stream through again when its talk spurt
// begins: a guard may have muted it while it had not yet heard of the floor.
func (s *Session) mutes(v *voice) {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-v.unmute:
		}
		if s.conn.send(&wire.SignalRequest{Message: &wire.SignalRequest_Mute{Mute: &wire.MuteTrackRequest{Sid: v.sid}}}) == nil {
			v.muted.Store(false)
		}
	}
}

package room

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
)

// listen handles what the server says until the connection ends.
func (s *Session) listen() error {
	for {
		m, err := s.conn.read(s.ctx)
		if err != nil {
			return err
		}
		switch m := m.GetMessage().(type) {
		case *wire.SignalResponse_Answer:
			offer(s.answers, m.Answer.GetSdp())
		case *wire.SignalResponse_Offer:
			select {
			case s.offers <- m.Offer.GetSdp():
			case <-s.ctx.Done():
				return context.Cause(s.ctx)
			}
		case *wire.SignalResponse_Trickle:
			s.trickle(m.Trickle)
		case *wire.SignalResponse_TrackPublished:
			offer(s.published, m.TrackPublished)
		case *wire.SignalResponse_Update:
			if err := s.updated(m.Update.GetParticipants()); err != nil {
				return err
			}
		case *wire.SignalResponse_Mute:
			if v := s.voice.Load(); v != nil && v.sid == m.Mute.GetSid() {
				if err := v.onMute(m.Mute.GetMuted()); err != nil {
					return err
				}
			}
		case *wire.SignalResponse_TrackUnpublished:
			if v := s.voice.Load(); v != nil && v.sid == m.TrackUnpublished.GetTrackSid() && s.may.Load() {
				return ErrUnpublished
			}
		case *wire.SignalResponse_RefreshToken:
			s.token.Store(&m.RefreshToken)
		case *wire.SignalResponse_Leave:
			return left(m.Leave)
		}
	}
}

// offer hands over what somebody may wait for.
func offer[T any](to chan<- T, v T) {
	select {
	case to <- v:
	default:
	}
}

// updated handles news of who is in the room.
func (s *Session) updated(infos []*wire.ParticipantInfo) error {
	for i, p := range infos {
		if p.GetSid() != s.sid {
			continue
		}
		infos = append(infos[:i:i], infos[i+1:]...)
		if err := s.permitted(p.GetPermission().GetCanPublish()); err != nil {
			return err
		}
		break
	}
	s.roster.update(infos)
	if s.cfg.Changed != nil {
		s.cfg.Changed()
	}
	return nil
}

// permitted notes whether the server lets the member send. A stream that was
// withdrawn takes a new session; one that was never published does not.
func (s *Session) permitted(may bool) error {
	switch {
	case s.may.Swap(may) == may || !s.cfg.Publish:
	case !may:
		s.cfg.Logger.Warn("LiveKit has taken the permission to publish")
		offer(s.refused, struct{}{})
	case s.asked.Swap(true):
		return ErrPermission
	default:
		s.work.Go(func() {
			ctx, cancel := context.WithTimeout(s.ctx, publishTimeout)
			defer cancel()
			if err := s.publish(ctx); err != nil && !errors.Is(err, errRefused) {
				s.end(err)
			} else if s.cfg.Changed != nil {
				s.cfg.Changed()
			}
		})
	}
	return nil
}

func (s *Session) trickle(t *wire.TrickleRequest) {
	var c struct {
		Candidate string `json:"candidate"`
	}
	if json.Unmarshal([]byte(t.GetCandidateInit()), &c) != nil {
		return
	}
	if t.GetTarget() == wire.SignalTarget_PUBLISHER {
		s.sending.Add(c.Candidate)
	} else {
		s.received.Add(c.Candidate)
	}
}

// answer answers the server's offers, in their order.
func (s *Session) answer() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case sdp := <-s.offers:
			answer, err := s.received.Answer(s.ctx, sdp)
			if err == nil {
				err = s.conn.send(&wire.SignalRequest{Message: &wire.SignalRequest_Answer{
					Answer: &wire.SessionDescription{Type: "answer", Sdp: answer},
				}})
			}
			if err != nil {
				s.end(err)
				return
			}
		}
	}
}

// left is the error of a goodbye.
func left(m *wire.LeaveRequest) error {
	e := &LeftError{Reason: m.GetReason()}
	for _, r := range m.GetRegions().GetRegions() {
		e.URLs = append(e.URLs, r.GetUrl())
	}
	return e
}

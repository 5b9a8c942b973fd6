package voiceping

import (
	"fmt"
	"slices"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
)

// pushed handles events of the server. It runs on the reading goroutine and must not
// block.
func (s *session) pushed(f wire.Frame) {
	l := s.link
	switch f.Type {
	case wire.SpeakerChanged:
		var c wire.Change
		if f.Into(&c) != nil || !s.listens(c.ChannelID) {
			return
		}
		s.setTalker(c.ChannelID, value(c.CurrentSpeaker))
		if c.ProducerID != "" && c.CurrentSpeaker != nil && *c.CurrentSpeaker != l.cfg.UserID {
			old, news := l.members.learn(c.ChannelID, *c.CurrentSpeaker, c.ProducerID)
			if old != "" {
				s.endStream(voice{c.ChannelID, old})
			}
			if news {
				s.wake()
			}
		}
	case wire.EmergencyStarted:
		var e wire.Emergency
		if f.Into(&e) == nil && s.listens(e.ChannelID) {
			s.setTalker(e.ChannelID, e.DispatchUserID)
			l.emergencies.begin(e.ChannelID, e.DispatchUserID)
			l.cfg.State.RefreshFloor(e.ChannelID)
		}
	case wire.EmergencyStopped:
		var e wire.Emergency
		if f.Into(&e) == nil {
			l.emergencies.end(e.ChannelID)
			l.cfg.State.RefreshFloor(e.ChannelID)
		}
	case wire.ChannelState:
		s.present(f)
	case wire.PTTInterrupted:
		var i wire.Interruption
		if f.Into(&i) == nil && i.ChannelID == l.cfg.Channel {
			s.work.Go(func() { l.interrupted(s, i) })
		}
	case wire.ForceDisconnected:
		var d wire.Forced
		_ = f.Into(&d)
		s.endWith(fmt.Errorf("%w by a dispatcher: %s", port.LinkDisconnected, d.Reason))
	case wire.PermissionUpdate:
		// Only a hint: the link watches talk rights in Redis, as the server does.
		if p, err := wire.ParsePermissions(f.Data); err == nil {
			for channel, m := range s.monitored {
				if slices.Contains(p.Channels, channel) {
					note(m.back)
				}
			}
			l.log.Debug("the server pushes permissions", "channels", p.Channels, "pending", p.Pending)
		}
	default:
	}
}

// present handles members that come and go. The port itself is removed from a channel
// that it has no rights on any more: grants of a user who is no member resume no
// producer.
func (s *session) present(f wire.Frame) {
	var p wire.Presence
	var left wire.Left
	switch {
	case f.Into(&p) == nil && (p.Action == wire.UserLeft || p.Action == wire.UserDisconnected):
		if producer := s.link.members.forget(p.ChannelID, p.UserID); producer != "" {
			s.endStream(voice{p.ChannelID, producer})
		}
	case p.Action == "" && f.Into(&left) == nil && left.Success:
		if left.ChannelID == s.link.cfg.Channel {
			err := fmt.Errorf("%w any more: the server took the port off channel %q", port.LinkNoMember, left.ChannelID)
			s.endWith(err)
			s.fail(err)
		} else if m, ok := s.monitored[left.ChannelID]; ok {
			note(m.left)
		}
	}
}

func (s *session) listens(channel string) bool {
	return channel == s.link.cfg.Channel || slices.Contains(s.link.cfg.Monitor, channel)
}

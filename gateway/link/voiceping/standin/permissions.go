package standin

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// followPermissions replaces the list of a user, and nothing else: who talks
// goes on.
func (s *Server) followPermissions() {
	sub := s.rdb.Subscribe(s.ctx, "vp:membership_updates")
	defer context.AfterFunc(s.ctx, func() { _ = sub.Close() })() // a read does not see its context end
	defer sub.Close()
	for {
		msg, err := sub.ReceiveMessage(s.ctx)
		if s.ctx.Err() != nil {
			return
		}
		if err != nil {
			select {
			case <-s.ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		var u struct {
			UserID     string   `json:"userId"`
			ChannelIDs []string `json:"channelIds"`
			Action     string   `json:"action"`
		}
		if json.Unmarshal([]byte(msg.Payload), &u) != nil {
			continue
		}
		m := s.member(u.UserID)
		if m == nil {
			continue
		}
		m.mu.Lock()
		m.allowed = u.ChannelIDs
		m.mu.Unlock()
		m.push(wire.PermissionUpdate, map[string]any{"channelIds": u.ChannelIDs, "action": u.Action})
	}
}

// Heartbeat looks at everybody's rights as the real server does every 30 s: what
// it finds new it pushes, and who has lost a channel is made to leave it, unless
// it talks there; then it is told, wrapped twice, and leaves when it stops. No
// rights at all count as rights that were never synchronized.
func (s *Server) Heartbeat() {
	s.mu.Lock()
	var all []*member
	for m := range s.conns {
		all = append(all, m)
	}
	s.mu.Unlock()
	for _, m := range all {
		s.refresh(m)
	}
}

func (s *Server) refresh(m *member) {
	fresh, err := s.rdb.SMembers(s.ctx, "u."+m.UserID+".g").Result()
	m.mu.Lock()
	old := m.allowed
	m.mu.Unlock()
	if err != nil || len(fresh) == 0 && len(old) > 0 {
		return
	}
	slices.Sort(fresh)
	missing := func(from, in []string) []string {
		out := []string{}
		for _, id := range from {
			if !slices.Contains(in, id) {
				out = append(out, id)
			}
		}
		return out
	}
	added, removed := missing(fresh, old), missing(old, fresh)
	m.mu.Lock()
	m.allowed = fresh
	m.mu.Unlock()
	if len(added) > 0 {
		m.push(wire.PermissionUpdate, map[string]any{"added": added, "removed": []string{}, "channels": fresh})
	}
	if len(removed) == 0 {
		return
	}
	for _, id := range removed {
		if slices.Contains(m.channels(), id) {
			s.revoke(m, id, false)
		}
	}
	m.push(wire.PermissionUpdate, map[string]any{"added": []string{}, "removed": removed, "channels": fresh})
}

// revoke makes a member leave a channel, or later if it talks there.
func (s *Server) revoke(m *member, id string, force bool) {
	if v, ok := s.lock(id); ok && v.UserID == m.UserID && !force {
		m.mu.Lock()
		m.pending = append(m.pending, id)
		m.mu.Unlock()
		update := wire.Frame{Type: wire.PermissionUpdate, Data: raw(map[string]any{"removed": []string{id}, "pendingRemoval": true,
			"message": "Access to this channel will be revoked when you stop transmitting"})}
		m.push(wire.ChannelState, update)
		return
	}
	s.leaveChannel(m, "", id)
}

// overdue carries out what was put off until a member stopped.
func (s *Server) overdue(m *member, id string) {
	m.mu.Lock()
	due := slices.Contains(m.pending, id)
	m.pending = slices.DeleteFunc(m.pending, func(p string) bool { return p == id })
	m.mu.Unlock()
	if due {
		s.revoke(m, id, true)
	}
}

// leaveChannel answers the leave of a member, also of one that did not ask.
func (s *Server) leaveChannel(m *member, reply, id string) {
	if v, ok := s.lock(id); ok && v.UserID == m.UserID {
		s.release(id, m.UserID)
	}
	s.leave(m, id)
	m.reply(reply, wire.Left{ChannelID: id, Success: true})
	n := len(s.channel(id).all())
	s.broadcast(id, m, wire.ChannelState, wire.Presence{State: s.state(id), Action: wire.UserLeft, UserID: m.UserID, UserName: m.UserName, UserCount: &n})
}

package standin

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// handle answers one frame.
func (s *Server) handle(m *member, text []byte) {
	var f wire.Frame
	if json.Unmarshal(text, &f) != nil {
		m.fail("", "Failed to process message")
		return
	}
	s.mu.Lock()
	s.frames[f.Type]++
	s.mu.Unlock()
	switch f.Type {
	case wire.Ping:
		m.reply(f.ID, wire.Pong{Type: "pong"})
	case wire.JoinChannel, wire.LeaveChannel, wire.GetRouterCapabilities,
		wire.PTTStart, wire.PTTStop, wire.PriorityPTTStart, wire.PriorityPTTStop:
		s.ofChannel(m, f)
	case wire.CreateTransport:
		s.createTransport(m, f)
	case wire.ConnectTransport:
		s.connectTransport(m, f)
	case wire.Produce:
		s.produce(m, f)
	case wire.Consume:
		s.consume(m, f)
	case wire.EmergencyBroadcastOn:
		s.emergencyStart(m, f)
	case wire.EmergencyBroadcastOff:
		s.emergencyStop(m, f)
	case wire.ForceDisconnect, wire.BanUser, wire.UnbanUser:
		s.sanction(m, f)
	case "ptt-denied", wire.SpeakerChanged, wire.ChannelState:
		m.fail(f.ID, "Unhandled message type: "+string(f.Type))
	default:
		m.fail(f.ID, "Invalid message type")
	}
}

func (s *Server) ofChannel(m *member, f wire.Frame) {
	if len(f.Data) == 0 {
		m.fail(f.ID, "Cannot destructure property 'channelId' of 'message.data' as it is undefined.")
		return
	}
	var d wire.OfChannel
	if f.Into(&d) != nil || d.ChannelID == "" {
		m.fail(f.ID, "channelId is required")
		return
	}
	id := d.ChannelID
	switch f.Type {
	case wire.JoinChannel:
		if !m.may(id) && m.GlobalRole != "ADMIN" {
			m.fail(f.ID, "Permission denied: Not authorized for this channel")
			return
		}
		limit := 10
		if m.Role == "DISPATCH" || m.Role == "ADMIN" {
			limit = 50
		}
		if len(m.channels()) >= limit {
			m.fail(f.ID, fmt.Sprintf("Cannot join more than %d channels simultaneously", limit))
			return
		}
		// Checked first, done later: eleven joins at once pass.
		m.work.Go(func() {
			s.step("join:checked")
			if len(s.channel(id).all()) >= s.cfg.Members {
				m.fail(f.ID, wire.ChannelFull)
				return
			}
			n := s.join(m, id)
			m.reply(f.ID, wire.Joined{ChannelID: id, State: s.state(id), UserCount: n})
			s.broadcast(id, m, wire.ChannelState, wire.Presence{State: s.state(id), Action: wire.UserJoined, UserID: m.UserID, UserName: m.UserName, UserCount: &n})
		})
	case wire.LeaveChannel:
		s.leaveChannel(m, f.ID, id)
	case wire.GetRouterCapabilities:
		if !s.router(id) {
			m.fail(f.ID, "Router not found for channel "+id)
			return
		}
		m.reply(f.ID, routerCapabilities())
	case wire.PTTStart:
		s.pttStart(m, f.ID, id)
	case wire.PriorityPTTStart:
		s.priorityStart(m, f.ID, id)
	case wire.PTTStop:
		s.pttStop(m, f.ID, id)
	case wire.PriorityPTTStop:
		s.pttStop(m, f.ID, id)
	}
}

// pttStart does not look at permissions: a revoked member is granted.
func (s *Server) pttStart(m *member, reply, id string) {
	state, ok := s.acquire(m, id)
	m.work.Go(func() {
		if !ok {
			s.step("ptt-start:nx")
			s.deny(m, reply, id)
			return
		}
		s.step("ptt-start:set")
		p := m.producerOn(id)
		change := wire.Change{State: state}
		if p != nil {
			p.pause(false)
			change.ProducerID = p.id
		}
		s.step("ptt-start:resumed")
		m.reply(reply, wire.Floor{Success: true, State: &state})
		s.broadcast(id, m, wire.SpeakerChanged, change)
	})
}

func (s *Server) deny(m *member, reply, id string) {
	var speaker, name any
	if v, ok := s.lock(id); ok {
		speaker, name = v.UserID, v.UserName
	}
	m.reply(reply, map[string]any{"success": false, "denied": true, "currentSpeaker": speaker, "currentSpeakerName": name})
}

// priorityStart cannot pre-empt, and announces no producer.
func (s *Server) priorityStart(m *member, reply, id string) {
	if m.Role != "DISPATCH" {
		m.fail(reply, "Permission denied: Priority PTT is only available to Dispatch users")
		return
	}
	s.step("priority:look")
	if _, busy := s.lock(id); busy {
		m.fail(reply, wire.RoleUndetermined)
		return
	}
	s.step("priority:idle")
	state, ok := s.acquire(m, id)
	if !ok {
		return // somebody was quicker, and nobody is told
	}
	if p := m.producerOn(id); p != nil {
		p.pause(false)
	}
	s.broadcast(id, m, wire.SpeakerChanged, wire.Change{State: state})
	m.reply(reply, wire.Floor{Success: true, State: &state})
}

// pttStop pauses the asker's producer, whoever has the floor, and then releases.
// What the asker sends meanwhile is handled in between.
func (s *Server) pttStop(m *member, reply, id string) {
	if p := m.producerOn(id); p != nil {
		p.pause(true)
	}
	m.work.Go(func() {
		s.step("ptt-stop:paused")
		s.release(id, m.UserID)
		s.overdue(m, id)
		state := idle(id)
		m.reply(reply, wire.Floor{Success: true, State: &state})
		s.broadcast(id, m, wire.SpeakerChanged, wire.Change{State: state})
	})
}

// broadcast is an emergency that a dispatcher has going.
type broadcast struct {
	since    time.Time
	channels []string
	joined   []string // only for the broadcast
}

func (s *Server) emergencyStart(m *member, f wire.Frame) {
	var h wire.Hold
	_ = f.Into(&h)
	switch {
	case m.Role != "DISPATCH":
		m.fail(f.ID, "Permission denied: Emergency broadcast is only available to Dispatch users")
		return
	case h.HoldDuration < 2000:
		m.fail(f.ID, "Hold button for 2000ms to activate emergency broadcast")
		return
	case s.emergency(m.UserID) != nil:
		m.fail(f.ID, "Emergency broadcast already active")
		return
	}
	events, _ := s.rdb.HGetAll(s.ctx, "channel:events").Result()
	var ids []string
	for id, event := range events {
		if event == m.EventID {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		m.fail(f.ID, "No channels found for this event")
		return
	}
	// Whoever talks is silenced and told, and keeps its lock.
	for _, id := range ids {
		v, ok := s.lock(id)
		if talker := s.member(v.UserID); ok && talker != nil && talker != m {
			if p := talker.producerOn(id); p != nil {
				p.pause(true)
			}
			talker.push(wire.PTTInterrupted, wire.Interruption{ChannelID: id, InterruptedBy: m.UserName,
				Message: "Emergency broadcast by Dispatch " + m.UserName})
		}
	}
	s.step("emergency:interrupted")
	b := &broadcast{since: time.Now()}
	for _, id := range ids {
		if !slices.Contains(m.channels(), id) {
			n := s.join(m, id)
			b.joined = append(b.joined, id)
			m.push(wire.ChannelState, wire.Joined{ChannelID: id, State: s.state(id), UserCount: n})
		}
	}
	// Where the talker has not given its lock back by now, the try fails and
	// nobody is told.
	for _, id := range ids {
		if _, ok := s.acquire(m, id); ok {
			b.channels = append(b.channels, id)
		}
	}
	for _, id := range b.channels {
		if p := m.producerOn(id); p != nil {
			p.pause(false)
		}
		s.broadcast(id, nil, wire.EmergencyStarted, wire.Emergency{DispatchUserID: m.UserID, DispatchUserName: m.UserName, ChannelID: id})
	}
	s.mu.Lock()
	s.broadcasts[m.UserID] = b
	s.mu.Unlock()
	m.reply(f.ID, wire.Broadcast{Success: true, ChannelCount: len(b.channels), ChannelIDs: b.channels})
}

func (s *Server) emergency(user string) *broadcast {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broadcasts[user]
}

func (s *Server) emergencyStop(m *member, f wire.Frame) {
	b := s.emergency(m.UserID)
	if b == nil {
		m.fail(f.ID, "No active emergency broadcast")
		return
	}
	s.mu.Lock()
	delete(s.broadcasts, m.UserID)
	s.mu.Unlock()
	for _, id := range b.channels {
		s.release(id, m.UserID)
		if p := m.producerOn(id); p != nil {
			p.pause(true)
		}
		if slices.Contains(b.joined, id) {
			<-time.After(5 * time.Millisecond) // what was published comes first
			s.leave(m, id)
			m.push(wire.ChannelState, wire.Left{ChannelID: id, Success: true})
		}
		s.broadcast(id, nil, wire.EmergencyStopped, wire.Emergency{DispatchUserID: m.UserID, DispatchUserName: m.UserName, ChannelID: id})
	}
	ms := time.Since(b.since).Milliseconds()
	m.reply(f.ID, wire.Broadcast{Success: true, ChannelCount: len(b.channels), DurationMS: &ms})
}

// permanent is the end of a ban without length, 2^53-1.
const permanent = 1<<53 - 1

func (s *Server) sanction(m *member, f wire.Frame) {
	var d wire.Sanction
	_ = f.Into(&d)
	switch {
	case m.Role != "DISPATCH" && m.GlobalRole != "ADMIN":
		m.fail(f.ID, "Permission denied: Force disconnect is only available to Dispatch or Admin users")
		return
	case d.TargetUserID == "":
		m.fail(f.ID, "targetUserId is required")
		return
	case d.TargetUserID == m.UserID:
		m.fail(f.ID, "Cannot force-disconnect yourself")
		return
	}
	target := s.member(d.TargetUserID)
	switch f.Type {
	case wire.UnbanUser:
		s.rdb.ZRem(s.ctx, "security:banned", d.TargetUserID)
	case wire.BanUser:
		until := int64(permanent)
		if d.Duration > 0 {
			until = time.Now().UnixMilli() + d.Duration
		}
		s.rdb.Do(s.ctx, "ZADD", "security:banned", until, d.TargetUserID)
		if d.Reason == "" {
			d.Reason = "no reason provided"
		}
		d.Reason = fmt.Sprintf("Banned by %s: %s", m.UserName, d.Reason)
		if target != nil {
			target.force(d.Reason)
		}
	case wire.ForceDisconnect:
		if target != nil {
			target.force(d.Reason)
		}
	}
	m.reply(f.ID, wire.Done{Success: true})
}

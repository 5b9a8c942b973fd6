package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
)

// member is one connection.
type member struct {
	claims
	ws   *websocket.Conn
	out  chan []byte // nil closes with reason
	over chan struct{}
	work sync.WaitGroup // handlers, which interleave

	mu       sync.Mutex
	reason   string
	allowed  []string
	pending  []string // to leave when it stops talking
	joined   []string
	producer map[string]*producer // by channel
}

func (s *Server) serve(ws *websocket.Conn, c claims) {
	m := &member{claims: c, ws: ws, out: make(chan []byte, 8192), over: make(chan struct{}),
		allowed: c.ChannelIDs, producer: make(map[string]*producer)}
	s.mu.Lock()
	s.members[c.UserID] = m
	s.conns[m] = struct{}{}
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(s.ctx)
	var both sync.WaitGroup
	both.Go(func() { m.write(ctx) })
	both.Go(func() { s.ping(ctx, m) })
	m.push(wire.ChannelList, wire.Membership{Channels: c.ChannelIDs, Role: c.Role, GlobalRole: c.GlobalRole})
	for {
		_, text, err := ws.Read(ctx)
		if err != nil {
			break
		}
		s.handle(m, text)
	}
	s.remove(m)
	cancel()
	_ = ws.CloseNow()
	both.Wait()
	close(m.over)
	m.work.Wait()
}

// gone cleans up after a connection, by userId and channel as the real server
// does: a new connection of the same user loses its media with the old one's.
func (s *Server) remove(m *member) {
	s.mu.Lock()
	delete(s.conns, m)
	var lost []*transport
	for id, t := range s.transports {
		if t.user == m.UserID && slices.Contains(m.channels(), t.channel) {
			lost = append(lost, t)
			delete(s.transports, id)
		}
	}
	s.mu.Unlock()
	for _, t := range lost {
		t.close()
	}
	for _, id := range m.channels() {
		ch := s.channel(id)
		if lock, ok := s.lock(id); ok && lock.UserID == m.UserID {
			s.release(id, m.UserID)
			s.broadcast(id, m, wire.SpeakerChanged, wire.Change{State: idle(id)})
		}
		ch.remove(m)
		s.rdb.SRem(context.Background(), "channel:"+id+":users", m.UserID)
		s.broadcast(id, m, wire.ChannelState, wire.Presence{State: s.state(id), Action: wire.UserDisconnected, UserID: m.UserID, UserName: m.UserName})
	}
	s.mu.Lock()
	if s.members[m.UserID] == m {
		delete(s.members, m.UserID)
	}
	s.mu.Unlock()
}

func (s *Server) ping(ctx context.Context, m *member) {
	t := time.NewTicker(s.cfg.Reap)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			wait, cancel := context.WithTimeout(ctx, s.cfg.Reap)
			err := m.ws.Ping(wait)
			cancel()
			if err != nil {
				_ = m.ws.CloseNow()
				return
			}
		}
	}
}

func (m *member) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case text := <-m.out:
			if text == nil {
				m.mu.Lock()
				reason := m.reason
				m.mu.Unlock()
				_ = m.ws.Close(wire.CloseForced, reason)
				return
			}
			if m.ws.Write(ctx, websocket.MessageText, text) != nil {
				return
			}
		}
	}
}

func (m *member) send(f wire.Frame) {
	text, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("stand-in: %v", err))
	}
	select {
	case m.out <- text:
	case <-m.over:
	}
}

func (m *member) push(t wire.Type, data any) { m.send(wire.Frame{Type: t, Data: raw(data)}) }
func (m *member) reply(id string, data any) {
	m.send(wire.Frame{Type: wire.ChannelState, Data: raw(data), ID: id})
}
func (m *member) fail(id, text string) {
	m.send(wire.Frame{Type: wire.TypeError, Error: text, ID: id})
}

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("stand-in: %v", err))
	}
	return b
}

func (m *member) channels() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.joined)
}

func (m *member) may(channel string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.allowed, channel)
}

func (m *member) producerOn(channel string) *producer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.producer[channel]
}

// force ends a member's connection as a dispatcher does.
func (m *member) force(reason string) {
	m.mu.Lock()
	m.reason = reason
	m.mu.Unlock()
	m.push(wire.ForceDisconnect, wire.Forced{Reason: reason})
	select {
	case m.out <- nil:
	case <-m.over:
	}
}

// Member is the newest connection of a user, for faults; nil if there is none.
func (s *Server) member(user string) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[user]
}

// Force disconnects a user.
func (s *Server) Force(user, reason string) {
	if m := s.member(user); m != nil {
		m.force(reason)
	}
}

// Push sends a user a frame out of turn.
func (s *Server) Push(user string, f wire.Frame) {
	if m := s.member(user); m != nil {
		m.send(f)
	}
}

// Reap ends what is left of a user's older connections, as the pings would.
func (s *Server) Reap(user string) {
	s.mu.Lock()
	var old []*member
	for m := range s.conns {
		if m.UserID == user && m != s.members[user] {
			old = append(old, m)
		}
	}
	s.mu.Unlock()
	for _, m := range old {
		_ = m.ws.CloseNow()
		<-m.over
	}
}

package icelite

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"

	"github.com/talkgate/talkgate/media/sdp"
)

// counters count what was dropped, and why.
type counters struct {
	unknown atomic.Uint64 // from an address that no check came from
	check   atomic.Uint64 // a check that is malformed, or of nobody
	media   atomic.Uint64 // RTP of another stream, or broken
}

// inbox takes what one socket or connection receives to the sessions.
type inbox struct {
	s       *Server
	request stun.Message
	answer  stun.Message
}

func newInbox(s *Server) *inbox { return &inbox{s: s} }

// receive handles one packet, told apart by its first byte (RFC 7983). It keeps
// nothing of it.
func (in *inbox) receive(via carrier, remote netip.AddrPort, control, b []byte) {
	if len(b) == 0 {
		return
	}
	from := route{via, remote}
	if b[0] < 4 {
		in.check(from, control, b)
		return
	}
	in.s.mu.RLock()
	c := in.s.routes[from]
	in.s.mu.RUnlock()
	switch {
	case c == nil:
		in.s.dropped.unknown.Add(1)
	case b[0] >= 20 && b[0] < 64:
		c.pipe.push(b)
	case b[0] >= 128 && b[0] < 192 && len(b) >= 12:
		// RTCP is told apart by its packet type (RFC 5761 section 4).
		if b[1] >= 192 && b[1] < 224 {
			if c.onRTCP != nil {
				c.onRTCP(b)
			}
			return
		}
		if c.onRTP == nil || !c.onRTP(b) {
			in.s.dropped.media.Add(1)
		}
	}
}

// check handles a STUN message: a peer's connectivity check, or the answer to
// ours. What is not authentic gets no answer.
func (in *inbox) check(from route, control, b []byte) {
	m := &in.request
	m.Raw = append(m.Raw[:0], b...)
	if m.Decode() != nil || m.Type.Method != stun.MethodBinding {
		in.s.dropped.check.Add(1)
		return
	}
	switch m.Type.Class {
	case stun.ClassRequest:
		in.onRequest(from, control, m)
	case stun.ClassSuccessResponse:
		in.s.mu.RLock()
		c := in.s.routes[from]
		in.s.mu.RUnlock()
		if c != nil {
			c.onProbeAnswer(m)
		}
	}
}

// onRequest answers a connectivity check (RFC 8445 section 7.3).
func (in *inbox) onRequest(from route, control []byte, m *stun.Message) {
	var user stun.Username
	if user.GetFrom(m) != nil {
		in.s.dropped.check.Add(1)
		return
	}
	ufrag, _, _ := strings.Cut(string(user), ":")
	in.s.mu.RLock()
	c := in.s.ufrags[ufrag]
	in.s.mu.RUnlock()
	if c == nil {
		in.s.dropped.check.Add(1)
		return
	}
	password, ok := c.passwordOf(ufrag)
	if !ok || stun.NewShortTermIntegrity(password).Check(m) != nil {
		in.s.dropped.check.Add(1)
		return
	}
	p := path{route: from}
	if u, ok := from.via.(*socket); ok {
		p.from = u.wayBack(control)
	}
	reply := &in.answer
	if m.Contains(stun.AttrICEControlled) {
		// An ICE-lite agent is always controlled (RFC 8445 section 7.3.1.1).
		in.reply(reply, p, m, password, stun.BindingError, stun.CodeRoleConflict)
		return
	}
	nominated := m.Contains(stun.AttrUseCandidate)
	fresh, ok := in.s.admit(c, p, nominated, ufrag)
	if !ok {
		in.s.dropped.check.Add(1)
		return
	}
	addr := &stun.XORMappedAddress{IP: from.remote.Addr().AsSlice(), Port: int(from.remote.Port())}
	in.reply(reply, p, m, password, stun.BindingSuccess, addr)
	if fresh && !nominated {
		// A full agent nominates a path that it is asked over at once, and would
		// otherwise wait for its next round of checks.
		c.probe(&p)
	}
}

func (in *inbox) reply(reply *stun.Message, p path, to *stun.Message, password string, kind stun.MessageType, with stun.Setter) {
	if err := reply.Build(to, kind, with, stun.NewShortTermIntegrity(password), stun.Fingerprint); err != nil {
		in.s.log.Debug("check not answered", "err", err)
		return
	}
	_ = p.send(reply.Raw) // the peer checks again
}

// maxPaths bounds the addresses of one peer.
const maxPaths = 8

// admit notes that an authentic check of a session came over p; with nominated
// set, p is where the session's packets go from now on. fresh reports that p is new
// to the session. An address that another live session has is refused.
func (s *Server) admit(c *conn, p path, nominated bool, ufrag string) (fresh, ok bool) {
	now := time.Now()
	s.mu.Lock()
	owner := s.routes[p.route]
	switch {
	case owner != nil && owner != c:
		s.mu.Unlock()
		return false, false
	case s.ufrags[ufrag] != c: // it has just ended
		s.mu.Unlock()
		return false, false
	case owner == nil:
		if len(c.paths) == maxPaths {
			delete(s.routes, c.paths[0].route)
			c.paths = append(c.paths[:0], c.paths[1:]...)
		}
		c.paths = append(c.paths, p)
		s.routes[p.route] = c
	}
	s.mu.Unlock()
	c.onCheck(p, nominated, ufrag, now)
	return owner == nil, true
}

// probe sends a request for a sign of life over a path (RFC 7675 section 5.1).
func (c *conn) probe(p *path) {
	c.mu.Lock()
	there, here := c.there, c.here
	c.probed = [stun.TransactionIDSize]byte{}
	_, _ = rand.Read(c.probed[:]) // never fails
	id := c.probed
	c.mu.Unlock()
	tie := make([]byte, 8)
	binary.BigEndian.PutUint64(tie, c.tieBreaker)
	priority := binary.BigEndian.AppendUint32(nil, sdp.HostPriority(255, false))
	m, err := stun.Build(stun.NewTransactionIDSetter(id), stun.BindingRequest,
		stun.NewUsername(there.Ufrag+":"+here.Ufrag),
		stun.RawAttribute{Type: stun.AttrICEControlled, Value: tie},
		stun.RawAttribute{Type: stun.AttrPriority, Value: priority},
		stun.NewShortTermIntegrity(there.Password), stun.Fingerprint)
	if err != nil {
		c.log.Debug("no probe", "err", err)
		return
	}
	_ = p.send(m.Raw) // another follows
}

func (c *conn) onProbeAnswer(m *stun.Message) {
	c.mu.Lock()
	password, asked := c.there.Password, c.probed == m.TransactionID
	c.mu.Unlock()
	if asked && stun.NewShortTermIntegrity(password).Check(m) == nil {
		c.heard.Store(int64(time.Since(c.born)))
	}
}

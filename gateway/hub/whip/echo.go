// Package whip serves the media sessions of a hub: WHIP (RFC 9725), WHEP, and an echo
// for tests of the way to the hub.
package whip

import (
	"net/http"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/media/icelite"
)

// echoTime bounds an echo session.
const echoTime = 30 * time.Second

// echoes returns each member's audio to that member only. It uses no channel and no
// floor. The zero value is ready to use.
type echoes struct {
	mu  sync.Mutex
	all map[string]*echo
}

// echo is the echo of one member.
type echo struct {
	whip, whep peer
	out        *icelite.Subscriber
}

// Of returns a member's echo, and makes it if needed. The caller holds the lock.
func (e *echoes) Of(userID string) *echo {
	if e.all == nil {
		e.all = map[string]*echo{}
	}
	if e.all[userID] == nil {
		e.all[userID] = &echo{}
	}
	return e.all[userID]
}

// Enter adds a member's session: one that listens if out is set, else one that sends.
// It ends the member's previous session of that kind.
func (e *echoes) Enter(userID, kind string, p peer, out *icelite.Subscriber) {
	e.mu.Lock()
	mine := e.Of(userID)
	former := mine.whip
	if kind == KindWHEP {
		former, mine.whep, mine.out = mine.whep, p, out
	} else {
		mine.whip = p
	}
	e.mu.Unlock()
	if former != nil {
		_ = former.Close()
	}
}

// Leave removes a session that has ended.
func (e *echoes) Leave(userID string, p peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	mine := e.Of(userID)
	if mine.whip == p {
		mine.whip = nil
	}
	if mine.whep == p {
		mine.whep, mine.out = nil, nil
	}
	if mine.whip == nil && mine.whep == nil {
		delete(e.all, userID)
	}
}

// back sends a packet to the member that it came from. It does not keep p.
func (e *echoes) back(userID string, p *rtp.Packet) {
	e.mu.Lock()
	var out *icelite.Subscriber
	if mine := e.all[userID]; mine != nil {
		out = mine.out
	}
	e.mu.Unlock()
	if out != nil {
		_ = out.WriteRTP(p) // who does not hear it counts it as lost
	}
}

// Echo answers POST /echo/whip/{channel} and /echo/whep/{channel}. A member hears what
// it sends. Every member may use it; the channel is not joined.
func (s *Server) Echo(kind string) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		offer, ok := readSDP(w, r, respond.SDP)
		if !ok {
			return
		}
		var mine peer
		one := newSession("echo/"+kind, r.PathValue("channel"), c)
		one.private = true
		gone := func() {
			if mine != nil {
				s.echoes.Leave(c.UserID, mine)
			}
		}
		s.accept(w, r, one, gone, func() (peer, string, error) {
			if kind == KindWHIP {
				p, answer, err := s.Media.AcceptPublisher(offer, func(p *rtp.Packet) { s.echoes.back(c.UserID, p) })
				if err != nil {
					return nil, "", err
				}
				mine = p
				s.echoes.Enter(c.UserID, kind, p, nil)
				return p, answer, nil
			}
			p, answer, err := s.Media.AcceptSubscriber(offer)
			if err != nil {
				return nil, "", err
			}
			mine = p
			s.echoes.Enter(c.UserID, kind, p, p)
			return p, answer, nil
		})
	}
}

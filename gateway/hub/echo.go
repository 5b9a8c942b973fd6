package hub

import (
	"net/http"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// echoTime is the longest that a member may listen to itself.
const echoTime = 30 * time.Second

// echoes are the members who hear themselves, and nobody else does: no channel, no
// floor. The zero value is ready.
type echoes struct {
	mu  sync.Mutex
	all map[string]*echo
}

// echo is one member's.
type echo struct {
	whip, whep peer
	out        packetWriter
}

// of is a member's echo; the lock is held.
func (e *echoes) of(userID string) *echo {
	if e.all == nil {
		e.all = map[string]*echo{}
	}
	if e.all[userID] == nil {
		e.all[userID] = &echo{}
	}
	return e.all[userID]
}

// enter takes in a member's session to send, or with out one to listen, and ends the
// one before.
func (e *echoes) enter(userID, kind string, p peer, out packetWriter) {
	e.mu.Lock()
	mine := e.of(userID)
	former := mine.whip
	if kind == kindWHEP {
		former, mine.whep, mine.out = mine.whep, p, out
	} else {
		mine.whip = p
	}
	e.mu.Unlock()
	if former != nil {
		_ = former.Close()
	}
}

// leave forgets a session that has ended.
func (e *echoes) leave(userID string, p peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	mine := e.of(userID)
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

// back sends a packet to the member it came from. p is not kept.
func (e *echoes) back(userID string, p *rtp.Packet) {
	e.mu.Lock()
	var out packetWriter
	if mine := e.all[userID]; mine != nil {
		out = mine.out
	}
	e.mu.Unlock()
	if out != nil {
		_ = out.WriteRTP(p) // who does not hear it counts it as lost
	}
}

// echo answers POST /echo/whip/{channel} and /echo/whep/{channel}: a member hears
// what it sends. Any member may; the channel is but a name.
func (s *sessions) echo(kind string) authorized {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) {
		offer, ok := readSDP(w, r, sdpType)
		if !ok {
			return
		}
		var mine peer
		one := newSession("echo/"+kind, r.PathValue("channel"), c)
		one.private = true
		gone := func() {
			if mine != nil {
				s.echoes.leave(c.UserID, mine)
			}
		}
		s.accept(w, r, one, gone, func() (peer, string, error) {
			if kind == kindWHIP {
				p, answer, err := s.media.AcceptPublisher(offer, func(p *rtp.Packet) { s.echoes.back(c.UserID, p) })
				if err != nil {
					return nil, "", err
				}
				mine = p
				s.echoes.enter(c.UserID, kind, p, nil)
				return p, answer, nil
			}
			p, answer, err := s.media.AcceptSubscriber(offer)
			if err != nil {
				return nil, "", err
			}
			mine = p
			s.echoes.enter(c.UserID, kind, p, p)
			return p, answer, nil
		})
	}
}

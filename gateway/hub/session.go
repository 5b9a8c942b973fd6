package hub

import (
	"crypto/rand"
	"errors"
	"time"
)

// Kinds of session, as in the paths of the HTTP API.
const (
	kindWHIP = "whip"
	kindWHEP = "whep"
)

// maxUserSessions bounds the sessions of one user.
const maxUserSessions = 64

// peer is a media session.
type peer interface {
	Done() <-chan struct{}
	Err() error
	Close() error
	// Tag names the ICE session; it changes with each ICE restart.
	Tag() string
	// Patch handles an SDP fragment of trickle ICE, or of an ICE restart, which it
	// answers.
	Patch(fragment string) (answer string, err error)
}

// session is one WHIP or WHEP session.
type session struct {
	id, kind, channel, userID, userName string
	// private says that nobody else hears it: Redis is not told, and it ends soon.
	private bool

	peer  peer
	ended chan struct{} // closed when nothing of it is left
}

var (
	errTooMany     = errors.New("the hub has as many sessions as it may: try again later")
	errTooManyUser = errors.New("you have as many sessions as one user may: end one")
	errClosing     = errors.New("the hub is going down: try again soon")
)

// reserve counts a session of a user in; unreserve or register must follow.
func (h *Hub) reserve(userID string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closing:
		return errClosing
	case h.reserved >= h.cfg.MaxSessions:
		return errTooMany
	case h.byUser[userID] >= maxUserSessions:
		return errTooManyUser
	}
	h.reserved++
	h.byUser[userID]++
	h.alive.Add(1)
	return nil
}

func (h *Hub) unreserve(userID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reserved--
	if h.byUser[userID]--; h.byUser[userID] == 0 {
		delete(h.byUser, userID)
	}
	h.alive.Done()
}

// register makes a session known, and forgets it when its peer is done; gone then
// undoes what was set up for it.
func (h *Hub) register(s *session, gone func()) {
	s.id, s.ended = rand.Text(), make(chan struct{})
	h.mu.Lock()
	h.sessions[s.id] = s
	h.mu.Unlock()
	log := h.log.With("kind", s.kind, "channel", s.channel, "user", s.userID)
	log.Info("session begun")
	var over <-chan time.Time // never
	if s.private {
		over = time.After(echoTime)
	} else {
		h.attendance.arrive(s)
	}
	go func() {
		defer h.unreserve(s.userID)
		select {
		case <-s.peer.Done():
		case <-h.ctx.Done():
			_ = s.peer.Close()
		case <-over:
			_ = s.peer.Close()
		}
		h.mu.Lock()
		delete(h.sessions, s.id)
		h.mu.Unlock()
		gone()
		if !s.private {
			h.attendance.depart(s)
		}
		close(s.ended)
		log.Info("session ended", "reason", s.peer.Err())
	}()
}

// sessionOf is a user's session of that kind on a channel, nil if there is none.
func (h *Hub) sessionOf(id, kind, channel, userID string) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if s == nil || s.kind != kind || s.channel != channel || s.userID != userID {
		return nil
	}
	return s
}

// closeSessions waits for the sessions, which end with the hub's context.
func (h *Hub) closeSessions() {
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	h.alive.Wait()
}

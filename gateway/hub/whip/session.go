package whip

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/turn"
	"github.com/talkgate/talkgate/media/icelite"
)

// Kinds of session, as in the paths of the HTTP API.
const (
	KindWHIP = "whip"
	KindWHEP = "whep"
)

// maxUserSessions bounds the sessions of one user.
const maxUserSessions = 64

// Media answers offers. *icelite.Server implements it.
type Media interface {
	AcceptPublisher(offer string, on func(*rtp.Packet)) (*icelite.Publisher, string, error)
	AcceptSubscriber(offer string) (*icelite.Subscriber, string, error)
}

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

// Session is one WHIP or WHEP session.
type Session struct {
	id, kind, channel, userID, userName string
	// private marks an echo session: nobody else hears it, presence leaves it out, and
	// it ends after echoTime.
	private bool

	peer  peer
	ended chan struct{} // closed when nothing of it is left
}

var (
	errTooMany     = errors.New("the hub has as many sessions as it may: try again later")
	errTooManyUser = errors.New("you have as many sessions as one user may: end one")
	errClosing     = errors.New("the hub is going down: try again soon")
)

// Config configures a Server. Everything but the TURN relay is required.
type Config struct {
	Media    Media
	Channels *channel.Set
	Store    Store
	Turn     *turn.Relay
	// Max bounds the sessions.
	Max int
	Log *slog.Logger
}

// Server has the media sessions of a hub.
type Server struct {
	Config
	ctx      context.Context // of all sessions
	presence *presence
	echoes   echoes
	// alive counts the sessions; none begins once closing is set.
	alive sync.WaitGroup

	mu       sync.Mutex
	all      map[string]*Session
	reserved int            // sessions, those being set up included
	byUser   map[string]int // the same, by user
	closing  bool
}

// New returns a Server without sessions. All sessions end when ctx ends.
func New(ctx context.Context, cfg Config) *Server {
	return &Server{Config: cfg, ctx: ctx, presence: newPresence(cfg.Store, cfg.Log), all: map[string]*Session{}, byUser: map[string]int{}}
}

// Run keeps presence in Redis until closed is closed.
func (s *Server) Run(closed <-chan struct{}) { s.presence.Run(closed) }

// reserve counts a new session of a user. unreserve or register must follow. It returns
// an error when the user or the hub has too many.
func (s *Server) reserve(userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errClosing
	case s.reserved >= s.Max:
		return errTooMany
	case s.byUser[userID] >= maxUserSessions:
		return errTooManyUser
	}
	s.reserved++
	s.byUser[userID]++
	s.alive.Add(1)
	return nil
}

func (s *Server) unreserve(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved--
	if s.byUser[userID]--; s.byUser[userID] == 0 {
		delete(s.byUser, userID)
	}
	s.alive.Done()
}

// register adds a session. When its peer ends, register removes it and calls gone.
func (s *Server) register(one *Session, gone func()) {
	one.id, one.ended = rand.Text(), make(chan struct{})
	s.mu.Lock()
	s.all[one.id] = one
	s.mu.Unlock()
	log := s.Log.With("kind", one.kind, "channel", one.channel, "user", one.userID)
	log.Info("session begun")
	var over <-chan time.Time // never
	if one.private {
		over = time.After(echoTime)
	} else {
		s.presence.arrive(one)
	}
	go func() {
		defer s.unreserve(one.userID)
		select {
		case <-one.peer.Done():
		case <-s.ctx.Done():
			_ = one.peer.Close()
		case <-over:
			_ = one.peer.Close()
		}
		s.mu.Lock()
		delete(s.all, one.id)
		s.mu.Unlock()
		gone()
		if !one.private {
			s.presence.depart(one)
		}
		close(one.ended)
		log.Info("session ended", "reason", one.peer.Err())
	}()
}

// Find returns the session with this ID, if it has this kind, channel and user; else
// nil.
func (s *Server) Find(id, kind, channel, userID string) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[id]
	if one == nil || one.kind != kind || one.channel != channel || one.userID != userID {
		return nil
	}
	return one
}

// endPublisher ends a member's WHIP session on a channel, if there is one, and waits
// until it is removed.
func (s *Server) endPublisher(channel, userID string) {
	s.mu.Lock()
	var old *Session
	for _, one := range s.all {
		if one.kind == KindWHIP && one.channel == channel && one.userID == userID {
			old = one
		}
	}
	s.mu.Unlock()
	if old != nil {
		_ = old.peer.Close()
		<-old.ended
	}
}

// EndUser ends all sessions of a user.
func (s *Server) EndUser(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		if one.userID == userID {
			go func() { _ = one.peer.Close() }() // it may wait for what holds mu
		}
	}
}

// Close waits until all sessions have ended, as they do with the context of New.
func (s *Server) Close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.alive.Wait()
}

// Count returns the number of sessions of a kind, or of all kinds for "".
func (s *Server) Count(kind string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		if kind == "" || one.kind == kind {
			n++
		}
	}
	return n
}

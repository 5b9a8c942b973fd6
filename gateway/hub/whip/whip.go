package whip

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/media/icelite"
	"github.com/talkgate/talkgate/media/sdp"
)

const (
	// AnswerTime bounds making an SDP answer.
	AnswerTime = 5 * time.Second
	// retryAfter is the Retry-After of a 409, in seconds. By then the hub has noticed a
	// session whose peer is gone.
	retryAfter = "1"
)

// Publish answers POST /whip/{channel} (RFC 9725 section 4.2).
func (s *Server) Publish(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	offer, ok := readSDP(w, r, respond.SDP)
	if !ok {
		return
	}
	ch, m, part := s.Join(r, c)
	src := ch.OpenSource(m, c)
	if src == nil && r.URL.Query().Has("takeover") {
		s.endPublisher(ch.ID, c.UserID)
		src = ch.OpenSource(m, c)
	}
	if src == nil {
		part()
		w.Header().Set("Retry-After", retryAfter)
		respond.Error(w, http.StatusConflict, "you talk on this channel in another tab or on another device: end it there, or take over with ?takeover")
		return
	}
	gone := func() { ch.CloseSource(m); part() }
	var voice atomic.Pointer[icelite.Publisher]
	src.Unheard = func(reason string) {
		if p := voice.Load(); p != nil {
			p.Unheard(reason)
		}
	}
	s.accept(w, r, newSession(KindWHIP, ch.ID, c), gone, func() (peer, string, error) {
		p, answer, err := s.Media.AcceptPublisher(offer, func(p *rtp.Packet) { ch.Forwarder.Receive(src, p) })
		voice.Store(p)
		return p, answer, err
	})
}

// Listen answers POST /whep/{channel}.
func (s *Server) Listen(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	offer, ok := readSDP(w, r, respond.SDP)
	if !ok {
		return
	}
	ch, m, part := s.Join(r, c)
	if !ch.ReserveListener(m) {
		part()
		respond.Error(w, http.StatusTooManyRequests, "you have as many WHEP sessions on this channel as you may: end one")
		return
	}
	var l *forward.Listener // nil until the offer is answered
	gone := func() { ch.CloseListener(m, l); part() }
	s.accept(w, r, newSession(KindWHEP, ch.ID, c), gone, func() (peer, string, error) {
		p, answer, err := s.Media.AcceptSubscriber(offer)
		if err == nil {
			l = ch.OpenListener(m, p)
		}
		return p, answer, err
	})
}

// Join makes a bearer a member of the channel in the request's path. part undoes it.
func (s *Server) Join(r *http.Request, c *auth.Claims) (ch *channel.Channel, m *channel.Member, part func()) {
	ch = s.Channels.Enter(r.PathValue("channel"))
	m = ch.Join(c.UserID, c.UserName)
	return ch, m, func() { ch.Part(m); s.Channels.Leave(ch) }
}

func newSession(kind, channel string, c *auth.Claims) *Session {
	return &Session{kind: kind, channel: channel, userID: c.UserID, userName: c.UserName}
}

// accept sets up a session and answers the request; gone undoes what was done
// for it before.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, one *Session, gone func(), answerOffer func() (peer, string, error)) {
	if err := s.reserve(one.userID); err != nil {
		gone()
		status := http.StatusServiceUnavailable
		if errors.Is(err, errTooManyUser) {
			status = http.StatusTooManyRequests
		}
		w.Header().Set("Retry-After", "5")
		respond.Error(w, status, err.Error())
		return
	}
	p, answer, err := answerOffer()
	if err != nil {
		s.unreserve(one.userID)
		gone()
		s.Log.Warn("offer refused", "kind", one.kind, "channel", one.channel, "user", one.userID, "err", err)
		status := offerStatus(err)
		if status == http.StatusInternalServerError {
			respond.Error(w, status, "the offer was not answered, try again: the hub's log says why")
			return
		}
		respond.Error(w, status, "the offer cannot be answered: "+err.Error())
		return
	}
	if r.Context().Err() != nil { // who asked has left, and would be in its own way when it asks again
		_ = p.Close()
		s.unreserve(one.userID)
		gone()
		return
	}
	one.peer = p
	s.register(one, gone)
	// Relative to the endpoint, so that it holds behind a proxy that serves the hub
	// below a path.
	w.Header().Set("Location", "./"+url.PathEscape(one.channel)+"/"+one.id)
	w.Header().Set("ETag", entityTag(p))
	w.Header().Set("Accept-Patch", respond.TrickleICE)
	w.Header().Set("Content-Type", respond.SDP)
	s.LinkTURN(w, one.userID)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // who does not read it does not connect
}

// LinkTURN adds the Link header of the TURN relay, if there is one (RFC 9725 section
// 4.6).
func (s *Server) LinkTURN(w http.ResponseWriter, userID string) {
	if s.Turn == nil {
		return
	}
	for _, link := range s.Turn.Links(userID, time.Now()) {
		w.Header().Add("Link", link)
	}
}

// offerStatus returns 400 for an offer that is not SDP and 406 for one that cannot be
// accepted (RFC 9725 section 4.2).
func offerStatus(err error) int {
	switch {
	case errors.Is(err, sdp.ErrBad):
		return http.StatusBadRequest
	case errors.Is(err, sdp.ErrNoOpus), errors.Is(err, sdp.ErrUnacceptable):
		return http.StatusNotAcceptable
	}
	return http.StatusInternalServerError
}

func entityTag(p peer) string { return `"` + p.Tag() + `"` }

// readSDP reads the body of a request, which must be of type want. If it returns false,
// it has answered the request with an error.
func readSDP(w http.ResponseWriter, r *http.Request, want string) (string, bool) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != want {
		w.Header().Set("Accept-Post", respond.SDP)
		w.Header().Set("Accept-Patch", respond.TrickleICE)
		respond.Error(w, http.StatusUnsupportedMediaType, "send it as Content-Type: "+want)
		return "", false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sdp.MaxSize))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		respond.Error(w, http.StatusRequestEntityTooLarge, "the SDP is longer than 64 KiB")
		return "", false
	case err != nil:
		respond.Error(w, http.StatusBadRequest, "the SDP did not arrive whole: send it again")
		return "", false
	}
	return string(body), true
}

// Patch answers PATCH of a session: trickle ICE, or an ICE restart (RFC 9725
// section 4.3).
func (s *Server) Patch(kind string) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		one := s.Find(r.PathValue("session"), kind, r.PathValue("channel"), c.UserID)
		if one == nil {
			noSession(w)
			return
		}
		fragment, ok := readSDP(w, r, respond.TrickleICE)
		if !ok {
			return
		}
		switch condition := r.Header.Values("If-Match"); {
		case len(condition) == 0:
			respond.Error(w, http.StatusPreconditionRequired, `send If-Match with the ETag of the session, or "*" for an ICE restart (RFC 9725 section 4.3)`)
			return
		case !matches(condition, entityTag(one.peer)):
			respond.Error(w, http.StatusPreconditionFailed, "the ICE session is another by now: it was restarted")
			return
		}
		answer, err := one.peer.Patch(fragment)
		switch {
		case errors.Is(err, sdp.ErrBad):
			respond.Error(w, http.StatusBadRequest, "the fragment cannot be used: "+err.Error())
		case err != nil:
			noSession(w)
		case answer == "":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("ETag", entityTag(one.peer))
			w.Header().Set("Content-Type", respond.TrickleICE)
			_, _ = io.WriteString(w, answer) // who does not read it asks again
		}
	}
}

// matches evaluates If-Match (RFC 9110 section 13.1.1).
func matches(condition []string, tag string) bool {
	for _, line := range condition {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || one == tag {
				return true
			}
		}
	}
	return false
}

// End answers DELETE of a session (RFC 9725 section 4.2).
func (s *Server) End(kind string) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		one := s.Find(r.PathValue("session"), kind, r.PathValue("channel"), c.UserID)
		if one == nil {
			noSession(w)
			return
		}
		_ = one.peer.Close()
		<-one.ended
		w.WriteHeader(http.StatusOK)
	}
}

func noSession(w http.ResponseWriter) {
	respond.Error(w, http.StatusNotFound, "you have no such session: it may have ended by itself")
}

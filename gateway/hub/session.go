package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/media/rtc"
)

// Kinds of session, as in the paths of the HTTP API.
const (
	kindWHIP = "whip"
	kindWHEP = "whep"
)

const (
	// maxSDP bounds an offer, bytes. One of a browser has about 3 KB.
	maxSDP = 64 << 10
	// answerTime bounds the making of an answer.
	answerTime = 5 * time.Second
	// retryAfter is when, in seconds, a member whose session died is sure to be
	// noticed soon.
	retryAfter = "1"
	sdpType    = "application/sdp"
)

// peer is a media session.
type peer interface {
	Done() <-chan struct{}
	Err() error
	Close() error
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
	errTooMany = errors.New("the hub has as many sessions as it may: try again later")
	errClosing = errors.New("the hub is going down: try again soon")
)

// reserve counts a session in; unreserve or register must follow.
func (h *Hub) reserve() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closing:
		return errClosing
	case len(h.sessions)+h.pending >= h.cfg.MaxSessions:
		return errTooMany
	}
	h.pending++
	h.alive.Add(1)
	return nil
}

func (h *Hub) unreserve() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending--
	h.alive.Done()
}

// register makes a session known, and forgets it when its peer is done; gone then
// undoes what was set up for it.
func (h *Hub) register(s *session, gone func()) {
	s.id, s.ended = rand.Text(), make(chan struct{})
	h.mu.Lock()
	h.pending--
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
		defer h.alive.Done()
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

// closeSessions waits for the sessions, which end with the hub's context.
func (h *Hub) closeSessions() {
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	h.alive.Wait()
}

// publish answers POST /whip/{channel} (RFC 9725 section 4.2).
func (h *Hub) publish(w http.ResponseWriter, r *http.Request, c *Claims) {
	offer, ok := readOffer(w, r)
	if !ok {
		return
	}
	ch := h.enter(r.PathValue("channel"))
	m := ch.join(c.UserID, c.UserName)
	src := ch.openSource(m, c.MemberRole())
	if src == nil && r.URL.Query().Has("takeover") {
		h.endPublisher(ch.id, c.UserID)
		src = ch.openSource(m, c.MemberRole())
	}
	if src == nil {
		ch.part(m)
		h.leave(ch)
		w.Header().Set("Retry-After", retryAfter)
		writeError(w, http.StatusConflict, "you talk on this channel in another tab or on another device: end it there, or take over with ?takeover")
		return
	}
	gone := func() {
		ch.closeSource(src)
		ch.part(m)
		h.leave(ch)
	}
	s := &session{kind: kindWHIP, channel: ch.id, userID: c.UserID, userName: c.UserName}
	h.accept(w, r, s, gone, func(ctx context.Context) (peer, string, error) {
		return h.cfg.Media.AcceptPublisher(ctx, offer, func(p *rtp.Packet) { ch.fwd.receive(src, p) })
	})
}

// listen answers POST /whep/{channel}.
func (h *Hub) listen(w http.ResponseWriter, r *http.Request, c *Claims) {
	offer, ok := readOffer(w, r)
	if !ok {
		return
	}
	ch := h.enter(r.PathValue("channel"))
	m := ch.join(c.UserID, c.UserName)
	l := &listener{member: m}
	if !ch.reserveListener(m) {
		ch.part(m)
		h.leave(ch)
		writeError(w, http.StatusTooManyRequests, "you have as many WHEP sessions on this channel as you may: end one")
		return
	}
	gone := func() {
		ch.closeListener(l)
		ch.part(m)
		h.leave(ch)
	}
	s := &session{kind: kindWHEP, channel: ch.id, userID: c.UserID, userName: c.UserName}
	h.accept(w, r, s, gone, func(ctx context.Context) (peer, string, error) {
		p, answer, err := h.cfg.Media.AcceptListener(ctx, offer)
		if err != nil {
			return nil, "", err
		}
		l.out = p
		ch.openListener(l)
		return p, answer, nil
	})
}

// endPublisher ends the WHIP session of a member on a channel, if it has one, and waits
// until nothing of it is left.
func (h *Hub) endPublisher(channel, userID string) {
	h.mu.Lock()
	var old *session
	for _, s := range h.sessions {
		if s.kind == kindWHIP && s.channel == channel && s.userID == userID {
			old = s
		}
	}
	h.mu.Unlock()
	if old != nil {
		_ = old.peer.Close()
		<-old.ended
	}
}

// accept sets up the session s and answers the request; gone undoes what was done
// for it before.
func (h *Hub) accept(w http.ResponseWriter, r *http.Request, s *session, gone func(), answerOffer func(context.Context) (peer, string, error)) {
	if err := h.reserve(); err != nil {
		gone()
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	p, answer, err := answerOffer(ctx)
	if err != nil {
		h.unreserve()
		gone()
		h.log.Warn("offer refused", "kind", s.kind, "channel", s.channel, "user", s.userID, "error", err)
		if errors.Is(err, rtc.ErrBadSDP) || errors.Is(err, rtc.ErrNoOpus) {
			writeError(w, http.StatusBadRequest, "the offer cannot be answered: "+err.Error())
		} else {
			writeError(w, http.StatusInternalServerError, "the offer was not answered, try again: the hub's log says why")
		}
		return
	}
	if r.Context().Err() != nil { // who asked has left, and would be in its own way when it asks again
		_ = p.Close()
		h.unreserve()
		gone()
		return
	}
	s.peer = p
	h.register(s, gone)
	w.Header().Set("Location", "/"+s.kind+"/"+url.PathEscape(s.channel)+"/"+s.id)
	w.Header().Set("Content-Type", sdpType)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // who does not read it does not connect
}

// readOffer reads the body of a request that must be an SDP offer; if it is not,
// it has answered.
func readOffer(w http.ResponseWriter, r *http.Request) (string, bool) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != sdpType {
		w.Header().Set("Accept-Post", sdpType)
		writeError(w, http.StatusUnsupportedMediaType, "send the offer as Content-Type: "+sdpType)
		return "", false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSDP))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, "the offer is longer than 64 KiB")
		return "", false
	case err != nil:
		writeError(w, http.StatusBadRequest, "the offer did not arrive whole: send it again")
		return "", false
	}
	return string(body), true
}

// end answers DELETE of a session (RFC 9725 section 4.2).
func (h *Hub) end(kind string) func(http.ResponseWriter, *http.Request, *Claims) {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) {
		h.mu.Lock()
		s := h.sessions[r.PathValue("session")]
		h.mu.Unlock()
		if s == nil || s.kind != kind || s.channel != r.PathValue("channel") || s.userID != c.UserID {
			writeError(w, http.StatusNotFound, "you have no such session: it may have ended by itself")
			return
		}
		_ = s.peer.Close()
		<-s.ended
		w.WriteHeader(http.StatusOK)
	}
}

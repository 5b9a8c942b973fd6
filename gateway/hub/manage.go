package hub

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// manager is what a dispatcher changes and looks up in the shared state.
type manager interface {
	PauseAllSpeakers(ctx context.Context, event, by string) (map[string]redis.Holder, error)
	Audit(ctx context.Context, limit int) ([]redis.AuditEntry, error)
	Note(redis.AuditEntry)
}

const (
	// manageTime bounds a dispatcher's request.
	manageTime = 2 * time.Second
	// auditShown and maxAuditShown are how many entries of the audit log are
	// answered without a limit, and with one; auditRead how many are looked through.
	auditShown, maxAuditShown, auditRead = 100, 500, 2000
)

// pauseEvent answers POST /api/events/{event}/pause.
func (s *console) pauseEvent(w http.ResponseWriter, r *http.Request, c *Claims) {
	event := r.PathValue("event")
	if !validName(event) {
		writeError(w, http.StatusBadRequest, "the event's ID is empty, too long or not printable")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), manageTime)
	defer cancel()
	events, err := s.state.Events(ctx)
	if err != nil {
		s.log.Error("event could not be paused", "event", event, "err", err)
		redisAway(w)
		return
	}
	if !c.mayPause(event, events) {
		writeError(w, http.StatusForbidden, "the token is not for all channels of this event")
		return
	}
	paused, err := s.state.PauseAllSpeakers(ctx, event, c.UserID)
	if err != nil {
		s.log.Error("event could not be paused", "event", event, "err", err)
		redisAway(w)
		return
	}
	s.log.Info("event paused", "event", event, "talkers", len(paused), "by", c.UserID)
	answer := struct {
		Paused map[string]*floorHolder `json:"paused"`
	}{map[string]*floorHolder{}}
	for ch, holder := range paused {
		answer.Paused[ch] = holderOf(&holder)
	}
	writeJSON(w, http.StatusOK, answer)
}

// audit answers GET /api/audit. A dispatcher sees what it did itself, and what was
// done on channels and in events of its own.
func (s *console) audit(w http.ResponseWriter, r *http.Request, c *Claims) {
	limit := auditShown
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxAuditShown {
			writeError(w, http.StatusBadRequest, "limit: expected 1 to "+strconv.Itoa(maxAuditShown))
			return
		}
		limit = n
	}
	ctx, cancel := context.WithTimeout(r.Context(), manageTime)
	defer cancel()
	read := limit
	if !c.isAdmin() {
		read = auditRead
	}
	all, err := s.state.Audit(ctx, read)
	if err != nil {
		s.log.Error("audit log cannot be read", "err", err)
		redisAway(w)
		return
	}
	entries := []redis.AuditEntry{}
	for _, e := range all {
		if len(entries) < limit && maySeeEntry(c, e) {
			entries = append(entries, e)
		}
	}
	writeJSON(w, http.StatusOK, struct {
		Entries []redis.AuditEntry `json:"entries"`
	}{entries})
}

func maySeeEntry(c *Claims, e redis.AuditEntry) bool {
	channel, _ := e.Metadata["channel"].(string)
	return c.isAdmin() || e.ActorID == c.UserID || c.MayJoin(e.TargetID) || c.MayJoin(channel)
}

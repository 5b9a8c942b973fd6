package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/state/redis"
)

// dispatcherState is what a dispatcher reads and changes in Redis.
type dispatcherState interface {
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

// PauseEvent answers POST /api/events/{event}/pause.
func (s *Console) PauseEvent(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	event := r.PathValue("event")
	if !auth.ValidName(event) {
		respond.Error(w, http.StatusBadRequest, "the event's ID is empty, too long or not printable")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), manageTime)
	defer cancel()
	events, err := s.state.Events(ctx)
	if err != nil {
		s.log.Error("event could not be paused", "event", event, "err", err)
		respond.RedisAway(w)
		return
	}
	if !c.MayPause(event, events) {
		respond.Error(w, http.StatusForbidden, "the token is not for all channels of this event")
		return
	}
	paused, err := s.state.PauseAllSpeakers(ctx, event, c.UserID)
	if err != nil {
		s.log.Error("event could not be paused", "event", event, "err", err)
		respond.RedisAway(w)
		return
	}
	s.log.Info("event paused", "event", event, "talkers", len(paused), "by", c.UserID)
	answer := struct {
		Paused map[string]*channel.Holder `json:"paused"`
	}{map[string]*channel.Holder{}}
	for ch, holder := range paused {
		answer.Paused[ch] = channel.HolderOf(&holder)
	}
	respond.JSON(w, http.StatusOK, answer)
}

// Audit answers GET /api/audit. A dispatcher sees its own entries, and those of channels
// and events that its token names.
func (s *Console) Audit(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	limit := auditShown
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxAuditShown {
			respond.Error(w, http.StatusBadRequest, "limit: expected 1 to "+strconv.Itoa(maxAuditShown))
			return
		}
		limit = n
	}
	ctx, cancel := context.WithTimeout(r.Context(), manageTime)
	defer cancel()
	read := limit
	if !c.IsAdmin() {
		read = auditRead
	}
	all, err := s.state.Audit(ctx, read)
	if err != nil {
		s.log.Error("audit log cannot be read", "err", err)
		respond.RedisAway(w)
		return
	}
	entries := []redis.AuditEntry{}
	for _, e := range all {
		if len(entries) < limit && maySeeEntry(c, e) {
			entries = append(entries, e)
		}
	}
	respond.JSON(w, http.StatusOK, struct {
		Entries []redis.AuditEntry `json:"entries"`
	}{entries})
}

func maySeeEntry(c *auth.Claims, e redis.AuditEntry) bool {
	channel, _ := e.Metadata["channel"].(string)
	return c.IsAdmin() || e.ActorID == c.UserID || c.MayJoin(e.TargetID) || c.MayJoin(channel)
}

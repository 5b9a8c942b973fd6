package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/recall"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	oggType = "audio/ogg"
	// exportTime bounds the writing of what was kept.
	exportTime = 5 * time.Minute
)

// recallState is what the recall needs of the shared state.
type recallState interface {
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
	Note(redis.AuditEntry)
}

// recallAPI lets members hear again what was said on their channels.
type recallAPI struct {
	store *recall.Store
	state recallState
	// changed is told of a channel whose recall was switched.
	changed func(channel string)
	log     *slog.Logger
}

// pastSpurt is a talk spurt that was kept, in the HTTP API. Since is in ms since 1970,
// Length in ms.
type pastSpurt struct {
	ID        int64  `json:"id"`
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	Since     int64  `json:"since"`
	Length    int64  `json:"length"`
	Emergency bool   `json:"emergency,omitempty"`
	// Ended is empty while it goes on, By who cut it off.
	Ended string `json:"ended,omitempty"`
	By    string `json:"by,omitempty"`
}

// mayRecall says whether a bearer may hear what was said on a channel, and answers where
// not: who may not be on the channel any more has lost its past, too.
func (a *recallAPI) mayRecall(w http.ResponseWriter, r *http.Request, c *Claims) bool {
	ctx, cancel := context.WithTimeout(r.Context(), manageTime)
	defer cancel()
	rights, err := a.state.ReadRights(ctx, c.UserID)
	switch channel := r.PathValue("channel"); {
	case err != nil:
		redisAway(w)
	case rights.Banned:
		writeError(w, http.StatusForbidden, "you are banned")
	case !c.mayManage() && !rights.MayTalk(channel):
		writeError(w, http.StatusForbidden, "you are no member of this channel any more")
	default:
		return true
	}
	return false
}

// listRecall answers GET /api/channels/{channel}/recall.
func (a *recallAPI) listRecall(w http.ResponseWriter, r *http.Request, c *Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	spurts := []pastSpurt{}
	for _, s := range a.store.Spurts(channel, time.Now()) {
		spurts = append(spurts, pastSpurt{ID: s.ID, UserID: s.UserID, UserName: s.UserName, Since: s.Since.UnixMilli(), Length: s.Length.Milliseconds(),
			Emergency: s.Emergency, Ended: s.End.Reason, By: s.End.By})
	}
	writeJSON(w, http.StatusOK, struct {
		Recall float64     `json:"recall"`
		Spurts []pastSpurt `json:"spurts"`
	}{a.store.Keeps(channel).Seconds(), spurts})
}

// playRecall answers GET /api/channels/{channel}/recall/{spurt}: one talk spurt by its ID,
// or "last".
func (a *recallAPI) playRecall(w http.ResponseWriter, r *http.Request, c *Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	w.Header().Set("Content-Type", oggType)
	var (
		spurt recall.Spurt
		err   error
	)
	if text := r.PathValue("spurt"); text == "last" {
		spurt, err = a.store.WriteLast(w, channel)
	} else {
		id, bad := strconv.ParseInt(text, 10, 64)
		if bad != nil {
			writeError(w, http.StatusBadRequest, `a talk spurt is its ID, or "last"`)
			return
		}
		spurt, err = a.store.WriteSpurt(w, channel, id)
	}
	if err != nil {
		a.failed(w, err)
		return
	}
	a.state.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionListened, TargetID: channel,
		Metadata: map[string]any{"userId": spurt.UserID, "since": spurt.Since.UnixMilli()}})
}

// exportRecall answers GET /api/channels/{channel}/recall/export?from=…&to=…, in ms since
// 1970.
func (a *recallAPI) exportRecall(w http.ResponseWriter, r *http.Request, c *Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	from, errFrom := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	to, errTo := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
	if errFrom != nil || errTo != nil || from >= to {
		writeError(w, http.StatusBadRequest, "from, to: expected times in ms since 1970, the first before the second")
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // where it cannot be set, there is none
	w.Header().Set("Content-Type", oggType)
	w.Header().Set("Content-Disposition", "attachment")
	spurts, err := a.store.WriteRange(w, channel, time.UnixMilli(from), time.UnixMilli(to))
	if err != nil {
		w.Header().Del("Content-Disposition")
		a.failed(w, err)
		return
	}
	a.log.Info("recall exported", "channel", channel, "spurts", len(spurts), "by", c.UserID)
	a.state.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionExported, TargetID: channel,
		Metadata: map[string]any{"from": from, "to": to, "spurts": len(spurts)}})
}

// failed answers an error, if nothing was written yet.
func (a *recallAPI) failed(w http.ResponseWriter, err error) {
	if errors.Is(err, recall.ErrUnknown) {
		writeError(w, http.StatusNotFound, "nothing is kept of it, or not any more")
		return
	}
	a.log.Debug("recall was not read to its end", "err", err) // who asked has left
}

// switchRecall answers PUT and DELETE of a channel's recall, for those who manage. What was
// kept is erased with DELETE.
func (a *recallAPI) switchRecall(on bool) authorized {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) {
		if !c.mayManage() {
			writeError(w, http.StatusForbidden, "recall is switched by DISPATCH and ADMIN only")
			return
		}
		channel, action := r.PathValue("channel"), redis.ActionRecallOff
		if on {
			action = redis.ActionRecallOn
		}
		a.store.Switch(channel, on)
		a.changed(channel)
		a.log.Info("recall switched", "channel", channel, "on", on, "by", c.UserID)
		a.state.Note(redis.AuditEntry{ActorID: c.UserID, Action: action, TargetID: channel})
		w.WriteHeader(http.StatusNoContent)
	}
}

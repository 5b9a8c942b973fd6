package recall

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	OggType = "audio/ogg"
	// exportTime bounds the writing of what was kept.
	exportTime = 5 * time.Minute
	// readTimeout bounds the reading of talk rights.
	readTimeout = 2 * time.Second
)

// State is what the recall needs of the shared state.
type State interface {
	ReadRights(ctx context.Context, userID string) (redis.Rights, error)
	Note(redis.AuditEntry)
}

// API serves the recall over HTTP.
type API struct {
	Store *Store
	State State
	// Changed is called with a channel whose recall was switched on or off.
	Changed func(channel string)
	Log     *slog.Logger
}

// PastSpurt is a kept talk spurt in the HTTP API. Since is in ms since 1970,
// Length in ms.
type PastSpurt struct {
	ID        int64  `json:"id"`
	UserID    string `json:"userId"`
	UserName  string `json:"userName"`
	Since     int64  `json:"since"`
	Length    int64  `json:"length"`
	Emergency bool   `json:"emergency,omitempty"`
	// Ended is why it ended, empty while it goes on. By is who ended it early.
	Ended string `json:"ended,omitempty"`
	By    string `json:"by,omitempty"`
}

// mayRecall reports whether a bearer may hear a channel's recall; if not, it answers the
// request with an error. A user who lost the channel loses its recall, too.
func (a *API) mayRecall(w http.ResponseWriter, r *http.Request, c *auth.Claims) bool {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	rights, err := a.State.ReadRights(ctx, c.UserID)
	switch channel := r.PathValue("channel"); {
	case err != nil:
		respond.RedisAway(w)
	case rights.Banned:
		respond.Error(w, http.StatusForbidden, "you are banned")
	case !c.MayManage() && !rights.MayTalk(channel):
		respond.Error(w, http.StatusForbidden, "you are no member of this channel any more")
	default:
		return true
	}
	return false
}

// ListRecall answers GET /api/channels/{channel}/recall.
func (a *API) ListRecall(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	spurts := []PastSpurt{}
	for _, s := range a.Store.Spurts(channel, time.Now()) {
		spurts = append(spurts, PastSpurt{ID: s.ID, UserID: s.UserID, UserName: s.UserName, Since: s.Since.UnixMilli(), Length: s.Length.Milliseconds(),
			Emergency: s.Emergency, Ended: s.End.Reason, By: s.End.By})
	}
	respond.JSON(w, http.StatusOK, struct {
		Recall float64     `json:"recall"`
		Spurts []PastSpurt `json:"spurts"`
	}{a.Store.Keeps(channel).Seconds(), spurts})
}

// PlayRecall answers GET /api/channels/{channel}/recall/{spurt}: one talk spurt by its ID,
// or "last".
func (a *API) PlayRecall(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	w.Header().Set("Content-Type", OggType)
	var (
		spurt Spurt
		err   error
	)
	if text := r.PathValue("spurt"); text == "last" {
		spurt, err = a.Store.WriteLast(w, channel)
	} else {
		id, bad := strconv.ParseInt(text, 10, 64)
		if bad != nil {
			respond.Error(w, http.StatusBadRequest, `a talk spurt is its ID, or "last"`)
			return
		}
		spurt, err = a.Store.WriteSpurt(w, channel, id)
	}
	if err != nil {
		a.failed(w, err)
		return
	}
	a.State.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionListened, TargetID: channel,
		Metadata: map[string]any{"userId": spurt.UserID, "since": spurt.Since.UnixMilli()}})
}

// ExportRecall answers GET /api/channels/{channel}/recall/export?from=…&to=…, in ms since
// 1970.
func (a *API) ExportRecall(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	if !a.mayRecall(w, r, c) {
		return
	}
	channel := r.PathValue("channel")
	from, errFrom := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	to, errTo := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
	if errFrom != nil || errTo != nil || from >= to {
		respond.Error(w, http.StatusBadRequest, "from, to: expected times in ms since 1970, the first before the second")
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTime)) // where it cannot be set, there is none
	w.Header().Set("Content-Type", OggType)
	w.Header().Set("Content-Disposition", "attachment")
	spurts, err := a.Store.WriteRange(w, channel, time.UnixMilli(from), time.UnixMilli(to))
	if err != nil {
		w.Header().Del("Content-Disposition")
		a.failed(w, err)
		return
	}
	a.Log.Info("recall exported", "channel", channel, "spurts", len(spurts), "by", c.UserID)
	a.State.Note(redis.AuditEntry{ActorID: c.UserID, Action: redis.ActionExported, TargetID: channel,
		Metadata: map[string]any{"from": from, "to": to, "spurts": len(spurts)}})
}

// failed answers an error, if nothing was written yet.
func (a *API) failed(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrUnknown) {
		respond.Error(w, http.StatusNotFound, "nothing is kept of it, or not any more")
		return
	}
	a.Log.Debug("recall was not read to its end", "err", err) // who asked has left
}

// SwitchRecall answers PUT and DELETE of a channel's recall, for those who manage. What was
// kept is erased with DELETE.
func (a *API) SwitchRecall(on bool) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		if !c.MayManage() {
			respond.Error(w, http.StatusForbidden, "recall is switched by DISPATCH and ADMIN only")
			return
		}
		channel, action := r.PathValue("channel"), redis.ActionRecallOff
		if on {
			action = redis.ActionRecallOn
		}
		a.Store.Switch(channel, on)
		a.Changed(channel)
		a.Log.Info("recall switched", "channel", channel, "on", on, "by", c.UserID)
		a.State.Note(redis.AuditEntry{ActorID: c.UserID, Action: action, TargetID: channel})
		w.WriteHeader(http.StatusNoContent)
	}
}

package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/respond"
)

// askTimeout bounds one request for the floor.
const askTimeout = 2 * time.Second

// requestFloor answers PUT /api/channels/{channel}/floor and, for the floors of all
// channels of the event, …/emergency.
func (h *Hub) requestFloor(emergency bool) auth.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
		ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
		defer cancel()
		id := r.PathValue("channel")
		if emergency {
			if refusal := h.mayCall(ctx, c, id); refusal.Reason != "" {
				h.answerFloor(w, refusal)
				return
			}
		}
		ch := h.channels.Enter(id)
		defer h.channels.Leave(ch)
		h.answerFloor(w, ch.Request(ctx, c.UserID, c.MemberRole(), emergency))
	}
}

// mayCall returns why a member may not have an emergency on a channel, with a Reason;
// else none. Its token has to name every channel that would be silenced.
func (h *Hub) mayCall(ctx context.Context, c *auth.Claims, id string) channel.Answer {
	if h.cfg.Rooms != nil {
		return channel.Answer{Reason: channel.ReasonNoRights, Error: "on LiveKit a voice reaches its own room only: everybody would be silenced, and few would hear"}
	}
	events, err := h.cfg.State.Events(ctx)
	if err != nil {
		return channel.Answer{Reason: channel.ReasonRedis, Error: "Redis does not answer: press again"}
	}
	if event := events[id]; event != "" && !c.MayPause(event, events) {
		return channel.Answer{Reason: channel.ReasonNoRights, Error: "the token is not for all channels of the event, and an emergency is on all of them"}
	}
	return channel.Answer{}
}

func (h *Hub) answerFloor(w http.ResponseWriter, a channel.Answer) {
	label := string(a.Reason)
	if a.Granted {
		label = "granted"
	}
	h.counts.floorRequests.Inc(label)
	if a.Reason == channel.ReasonRedis {
		w.Header().Set("Retry-After", "1")
	}
	respond.JSON(w, floorStatus(a.Reason), a)
}

// floorStatus is the HTTP status for an answer that was not granted because of why.
func floorStatus(why channel.Reason) int {
	switch why {
	case "":
		return http.StatusOK
	case channel.ReasonNoSession, channel.ReasonNoEvents, channel.ReasonBusy:
		return http.StatusConflict
	case channel.ReasonRedis:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// yieldFloor answers DELETE /api/channels/{channel}/floor. It is always granted.
func (h *Hub) yieldFloor(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	ch := h.channels.Enter(r.PathValue("channel"))
	defer h.channels.Leave(ch)
	ch.Yield(c.UserID)
	w.WriteHeader(http.StatusNoContent)
}

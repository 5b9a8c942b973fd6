package hub

import (
	"context"
	"net/http"
	"time"
)

// askTimeout bounds one request for the floor.
const askTimeout = 2 * time.Second

// requestFloor answers PUT /api/channels/{channel}/floor and, for the floors of all
// channels of the event, …/emergency.
func (h *Hub) requestFloor(emergency bool) authorized {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) {
		ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
		defer cancel()
		id := r.PathValue("channel")
		if emergency {
			if refusal := h.mayCall(ctx, c, id); refusal.Reason != "" {
				h.answerFloor(w, refusal)
				return
			}
		}
		ch := h.channels.enter(id)
		defer h.channels.leave(ch)
		h.answerFloor(w, ch.request(ctx, c.UserID, c.MemberRole(), emergency))
	}
}

// mayCall returns why a member may not have an emergency on a channel, with a Reason;
// else none. Its token has to name every channel that would be silenced.
func (h *Hub) mayCall(ctx context.Context, c *Claims, channel string) floorAnswer {
	if h.cfg.Rooms != nil {
		return floorAnswer{Reason: reasonNoRights, Error: "on LiveKit a voice reaches its own room only: everybody would be silenced, and few would hear"}
	}
	events, err := h.cfg.State.Events(ctx)
	if err != nil {
		return floorAnswer{Reason: reasonRedis, Error: "Redis does not answer: press again"}
	}
	if event := events[channel]; event != "" && !c.mayPause(event, events) {
		return floorAnswer{Reason: reasonNoRights, Error: "the token is not for all channels of the event, and an emergency is on all of them"}
	}
	return floorAnswer{}
}

func (h *Hub) answerFloor(w http.ResponseWriter, a floorAnswer) {
	label := string(a.Reason)
	if a.Granted {
		label = "granted"
	}
	h.metrics.floorRequests.WithLabelValues(label).Inc()
	if a.Reason == reasonRedis {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, floorStatus(a.Reason), a)
}

// floorStatus is the HTTP status for an answer that was not granted because of why.
func floorStatus(why reason) int {
	switch why {
	case "":
		return http.StatusOK
	case reasonNoSession, reasonNoEvents, reasonBusy:
		return http.StatusConflict
	case reasonRedis:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// yieldFloor answers DELETE /api/channels/{channel}/floor. It is always granted.
func (h *Hub) yieldFloor(w http.ResponseWriter, r *http.Request, c *Claims) {
	ch := h.channels.enter(r.PathValue("channel"))
	defer h.channels.leave(ch)
	ch.yield(c.UserID)
	w.WriteHeader(http.StatusNoContent)
}

package hub

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// parrotTime is how long a gateway may take to send a tone here and back, its own
	// bound and the answer's way included.
	parrotTime = 25 * time.Second
	// maxParrots bounds how many gateways are asked at once.
	maxParrots = 8
)

// parrot answers POST /api/gateways/{gateway}/parrot: it lets a gateway send a tone to
// its server and back, which nobody hears.
func (h *Hub) parrot(w http.ResponseWriter, r *http.Request, c *Claims) {
	gateway := r.PathValue("gateway")
	if channel, known := h.fleet.channelOf(gateway); !known || !c.maySee(channel) {
		writeError(w, http.StatusNotFound, "there is no such gateway on a channel of yours")
		return
	}
	select {
	case h.parrots <- struct{}{}:
		defer func() { <-h.parrots }()
	default:
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusTooManyRequests, "as many gateways as can be are asked already: try again")
		return
	}
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Time{}) // where it cannot be set, there is none
	_ = ctl.SetWriteDeadline(time.Now().Add(parrotTime + writeTime))
	ctx, cancel := context.WithTimeout(r.Context(), parrotTime)
	defer cancel()
	a, err := h.cfg.State.By(c.UserID).Ask(ctx, gateway, fleet.Parrot)
	switch {
	case errors.Is(err, redis.ErrNobody):
		writeError(w, http.StatusConflict, "it does not hear questions: does it run, and may its Redis user subscribe to them (docs/redis.md)?")
	case errors.Is(err, context.DeadlineExceeded):
		writeError(w, http.StatusGatewayTimeout, "it was asked, and does not answer")
	case err != nil:
		h.log.Error("gateway could not be asked", "gateway", gateway, "by", c.UserID, "error", err)
		redisAway(w)
	case a.Error != "":
		writeError(w, http.StatusConflict, a.Error)
	default:
		writeJSON(w, http.StatusOK, a)
	}
}

package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// parrotTime bounds one test: the gateway's own bound and the way of question and
	// answer.
	parrotTime = 25 * time.Second
	// MaxParrots bounds how many gateways are asked at once.
	MaxParrots = 8
)

// Parrot answers POST /api/gateways/{gateway}/parrot. It makes a gateway send a tone to
// its channel server and back. Nobody hears it.
func (s *Console) Parrot(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	gateway := r.PathValue("gateway")
	if channel, known := s.Fleet.channelOf(gateway); !known || !c.MayJoin(channel) {
		respond.Error(w, http.StatusNotFound, "there is no such gateway on a channel of yours")
		return
	}
	select {
	case s.parrots <- struct{}{}:
		defer func() { <-s.parrots }()
	default:
		w.Header().Set("Retry-After", "5")
		respond.Error(w, http.StatusTooManyRequests, "as many gateways as can be are asked already: try again")
		return
	}
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Time{}) // where it cannot be set, there is none
	_ = ctl.SetWriteDeadline(time.Now().Add(parrotTime + respond.WriteTime))
	ctx, cancel := context.WithTimeout(r.Context(), parrotTime)
	defer cancel()
	a, err := s.state.By(c.UserID).Ask(ctx, gateway, fleet.Parrot)
	switch {
	case errors.Is(err, redis.ErrNobody):
		respond.Error(w, http.StatusConflict, "it does not hear questions: does it run, and may its Redis user subscribe to them (docs/redis.md)?")
	case errors.Is(err, context.DeadlineExceeded):
		respond.Error(w, http.StatusGatewayTimeout, "it was asked, and does not answer")
	case r.Context().Err() != nil: // who asked has left
	case err != nil:
		s.log.Error("gateway could not be asked", "gateway", gateway, "by", c.UserID, "err", err)
		respond.RedisAway(w)
	case a.Error != "":
		respond.Error(w, http.StatusConflict, a.Error)
	default:
		respond.JSON(w, http.StatusOK, a)
	}
}

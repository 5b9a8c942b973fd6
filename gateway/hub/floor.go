package hub

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/state/redis"
)

// askTimeout bounds one request for the floor.
const askTimeout = 2 * time.Second

// floorAnswer is the answer to a request for the floor, in the HTTP API.
type floorAnswer struct {
	Granted bool         `json:"granted"`
	Epoch   uint64       `json:"epoch,omitempty"`
	Reason  reason       `json:"reason,omitempty"`
	Error   string       `json:"error,omitempty"`
	Holder  *floorHolder `json:"holder,omitempty"`
}

// requestFloor answers PUT /api/channels/{channel}/floor and, for the floors of all
// channels of the event, …/emergency.
func (h *Hub) requestFloor(emergency bool) authorized {
	return func(w http.ResponseWriter, r *http.Request, c *Claims) { h.requested(w, r, c, emergency) }
}

func (h *Hub) requested(w http.ResponseWriter, r *http.Request, c *Claims, emergency bool) {
	if emergency && h.cfg.Rooms != nil {
		h.answerFloor(w, http.StatusForbidden, floorAnswer{Reason: reasonNoRights, Error: "on LiveKit a voice reaches its own room only: everybody would be silenced, and few would hear"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	if emergency && !h.mayCall(ctx, w, c, r.PathValue("channel")) {
		return
	}
	ch := h.enter(r.PathValue("channel"))
	defer h.leave(ch)
	m := ch.member(c.UserID)
	if m == nil {
		h.answerFloor(w, http.StatusConflict, floorAnswer{Reason: reasonNoSession, Error: "open a WHIP session on this channel first"})
		return
	}
	m.asking.Lock()
	defer m.asking.Unlock()
	status, answer := h.ask(ctx, ch, m, c.MemberRole(), emergency)
	h.answerFloor(w, status, answer)
}

// mayCall says whether a member may have an emergency on a channel: its token has to
// name every channel that would be silenced. If not, it has answered.
func (h *Hub) mayCall(ctx context.Context, w http.ResponseWriter, c *Claims, channel string) bool {
	events, err := h.cfg.State.Events(ctx)
	if err != nil {
		h.answerFloor(w, http.StatusServiceUnavailable, floorAnswer{Reason: reasonRedis, Error: "Redis does not answer: press again"})
		return false
	}
	if event := events[channel]; event != "" && !c.mayPause(event, events) {
		h.answerFloor(w, http.StatusForbidden, floorAnswer{Reason: reasonNoRights, Error: "the token is not for all channels of the event, and an emergency is on all of them"})
		return false
	}
	return true
}

func (h *Hub) answerFloor(w http.ResponseWriter, status int, a floorAnswer) {
	label := string(a.Reason)
	if a.Granted {
		label = "granted"
	}
	h.metrics.floorRequests.WithLabelValues(label).Inc()
	if a.Reason == reasonRedis {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, a)
}

// ask requests the floor for a member. m.asking is held.
func (h *Hub) ask(ctx context.Context, ch *channel, m *member, role redis.Role, emergency bool) (int, floorAnswer) {
	ch.mu.Lock()
	src, streams, held, name := m.source, m.streams, m.keeper, m.userName
	ch.mu.Unlock()
	switch {
	case src == nil && h.cfg.Rooms == nil:
		return http.StatusConflict, floorAnswer{Reason: reasonNoSession, Error: "open a WHIP session on this channel first"}
	case streams == 0:
		return http.StatusConflict, floorAnswer{Reason: reasonNoEvents, Error: "open the channel's event stream first: when it ends the floor is given back"}
	}
	if held != nil {
		if _, ended := held.ended(); !ended && (held.claim.Emergency || !emergency) {
			return http.StatusOK, floorAnswer{Granted: true, Epoch: held.epoch}
		}
		held.stop(reasonReleased) // of an ordinary talk spurt, for an emergency
		<-held.stopped
	}
	lastHeard := time.Now // what is said in a LiveKit room is not for the hub to hear
	if src != nil {
		ch.fwd.begin(src)
		lastHeard = func() time.Time { return ch.fwd.lastHeard(src) }
	}
	claim := redis.NewClaim(ch.id, m.userID, name, time.Now(), h.cfg.LockTTL)
	claim.Role, claim.Emergency = role, emergency
	asked := time.Now()
	d, err := h.cfg.State.Acquire(ctx, claim)
	if err != nil {
		h.log.Warn("floor request was not answered", "channel", ch.id, "user", m.userID, "error", err)
		ch.loops.Go(func() { h.giveBack(claim) })
		return http.StatusServiceUnavailable, floorAnswer{Reason: reasonRedis, Error: "Redis does not answer: press again"}
	}
	switch d.Verdict {
	case redis.Granted:
	case redis.Busy:
		h.deny(ch, m, fmt.Sprintf("%s wanted the floor while %s had it", name, d.Holder.UserName))
		return http.StatusConflict, floorAnswer{Reason: reasonBusy, Holder: holderOf(&d.Holder)}
	case redis.Banned:
		h.deny(ch, m, name+" is banned")
		return http.StatusForbidden, floorAnswer{Reason: reasonBanned}
	default:
		h.deny(ch, m, name+" may not talk on this channel")
		return http.StatusForbidden, floorAnswer{Reason: reasonNoRights}
	}
	k := newKeeper(ch.ctx, h.cfg.State, claim, d.Epoch, h.cfg.Lease, h.cfg.MaxTalk, lastHeard)
	h.keep(ch, m, src, k, asked)
	return http.StatusOK, floorAnswer{Granted: true, Epoch: d.Epoch}
}

// keep starts to keep the floor for a member, and opens the gate to it without
// waiting for the news to come back from Redis.
func (h *Hub) keep(ch *channel, m *member, src *source, k *keeper, asked time.Time) {
	ch.change(func() {
		m.keeper = k
		ch.kept = k.claim.Token
		// What happened while the request was under way.
		if m.source != src {
			k.stop(reasonNoSession)
		} else if m.streams == 0 {
			k.stop(reasonNoEvents)
		}
		ch.learn(redis.FloorView{
			Known:  true,
			Holder: &redis.Holder{UserID: m.userID, UserName: k.claim.UserName, Role: k.claim.Role, Token: k.claim.Token, Emergency: k.emergency(), Epoch: k.epoch, Since: time.UnixMilli(k.claim.At.UnixMilli())},
			ReadAt: asked,
			TTL:    k.claim.TTL,
		})
	})
	ch.loops.Go(func() {
		why := k.run(asked)
		h.log.Info("floor given back", "channel", ch.id, "user", m.userID, "epoch", k.epoch, "reason", why)
	})
}

func (h *Hub) deny(ch *channel, m *member, text string) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.tell(notice{reasonDenied, m.userID, text})
}

// giveBack releases a claim whose request was not answered.
func (h *Hub) giveBack(claim redis.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), h.cfg.Lease)
	defer cancel()
	// If this fails too, the lock's TTL frees the floor.
	_, _ = h.cfg.State.Release(ctx, claim)
}

// yieldFloor answers DELETE /api/channels/{channel}/floor. It is always granted.
func (h *Hub) yieldFloor(w http.ResponseWriter, r *http.Request, c *Claims) {
	ch := h.enter(r.PathValue("channel"))
	defer h.leave(ch)
	if m := ch.member(c.UserID); m != nil {
		m.asking.Lock()
		defer m.asking.Unlock()
		ch.mu.Lock()
		k := m.keeper
		m.release(reasonReleased)
		ch.mu.Unlock()
		if k != nil {
			<-k.stopped
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

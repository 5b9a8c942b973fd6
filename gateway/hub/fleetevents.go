package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

const (
	// fleetPace is how far apart two writes of gateways are at least.
	fleetPace = 250 * time.Millisecond
	// deskPace is how often events and speakers are read while a console is open.
	deskPace = time.Second
	// deskTime bounds one such reading.
	deskTime = 2 * time.Second
)

// fleetEvents answers GET /api/fleet/events with server-sent events.
func (h *Hub) fleetEvents(w http.ResponseWriter, r *http.Request, c *Claims) {
	watch := h.fleet.watch(c)
	if watch == nil {
		writeError(w, http.StatusTooManyRequests, "you have as many event streams of the fleet as you may: end one")
		return
	}
	defer h.fleet.unwatch(watch)
	alarms := h.emergencies.watch()
	defer h.emergencies.unwatch(alarms)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not collect events
	s := &eventStream{w: w, ctl: http.NewResponseController(w)}
	alive, desk := time.NewTicker(keepalive), time.NewTicker(deskPace)
	defer alive.Stop()
	defer desk.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	paced := true
	var shown []byte
	err := h.showDesk(r.Context(), s, c, &shown)
	for err == nil {
		wake := watch.wake
		if !paced {
			wake = nil
		}
		select {
		case <-r.Context().Done():
			return
		case <-h.ctx.Done():
			return
		case <-alive.C:
			err = s.comment()
		case <-desk.C:
			err = h.showDesk(r.Context(), s, c, &shown)
		case <-pace.C:
			paced = true
		case <-alarms:
			err = s.send("emergencies", struct {
				Emergencies []emergency `json:"emergencies"`
			}{h.emergencies.of(c)})
		case <-wake:
			err = s.send("gateways", h.fleet.news(watch))
			paced = false
			pace.Reset(fleetPace)
		}
	}
}

// showDesk sends events, channels and speakers if they have changed.
func (h *Hub) showDesk(ctx context.Context, s *eventStream, c *Claims, shown *[]byte) error {
	ctx, cancel := context.WithTimeout(ctx, deskTime)
	defer cancel()
	text, err := json.Marshal(h.readDesk(ctx, c))
	if err != nil || bytes.Equal(text, *shown) {
		return err
	}
	*shown = text
	return s.send("desk", json.RawMessage(text))
}

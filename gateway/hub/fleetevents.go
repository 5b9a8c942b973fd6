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
func (s *console) fleetEvents(w http.ResponseWriter, r *http.Request, c *Claims) {
	watch := s.fleet.watch(c)
	if watch == nil {
		writeError(w, http.StatusTooManyRequests, "you have as many event streams of the fleet as you may: end one")
		return
	}
	defer s.fleet.unwatch(watch)
	alarms := s.emergencies.watch()
	defer s.emergencies.unwatch(alarms)
	out := newEventStream(w)
	alive, desk := time.NewTicker(keepalive), time.NewTicker(deskPace)
	defer alive.Stop()
	defer desk.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	paced := true
	var shown []byte
	err := s.showDesk(r.Context(), out, c, &shown)
	for err == nil {
		wake := watch.wake
		if !paced {
			wake = nil
		}
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			err = out.comment()
		case <-desk.C:
			err = s.showDesk(r.Context(), out, c, &shown)
		case <-pace.C:
			paced = true
		case <-alarms:
			err = out.send("emergencies", struct {
				Emergencies []emergency `json:"emergencies"`
			}{s.emergencies.of(c)})
		case <-wake:
			err = out.send("gateways", s.fleet.news(watch))
			paced = false
			pace.Reset(fleetPace)
		}
	}
}

// showDesk sends events, channels and speakers if they have changed.
func (s *console) showDesk(ctx context.Context, out *eventStream, c *Claims, shown *[]byte) error {
	ctx, cancel := context.WithTimeout(ctx, deskTime)
	defer cancel()
	text, err := json.Marshal(s.readDesk(ctx, c))
	if err != nil || bytes.Equal(text, *shown) {
		return err
	}
	*shown = text
	return out.send("desk", json.RawMessage(text))
}

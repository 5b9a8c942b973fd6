package console

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/gateway/hub/emergency"
	"github.com/talkgate/talkgate/gateway/hub/respond"
)

const (
	// updateInterval is the least time between two writes of gateways.
	updateInterval = 250 * time.Millisecond
	// snapshotInterval is how often the overview is read while a console is open.
	snapshotInterval = time.Second
	// readTimeout bounds one read of the overview.
	readTimeout = 2 * time.Second
)

// FleetEvents answers GET /api/fleet/events with server-sent events.
func (s *Console) FleetEvents(w http.ResponseWriter, r *http.Request, c *auth.Claims) {
	watch := s.Fleet.Watch(c)
	if watch == nil {
		respond.Error(w, http.StatusTooManyRequests, "you have as many event streams of the fleet as you may: end one")
		return
	}
	defer s.Fleet.Unwatch(watch)
	alarms := s.emergencies.Watch()
	defer s.emergencies.Unwatch(alarms)
	out := respond.NewEventStream(w)
	alive, overview := time.NewTicker(respond.Keepalive), time.NewTicker(snapshotInterval)
	defer alive.Stop()
	defer overview.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	paced := true
	var shown []byte
	err := s.sendOverview(r.Context(), out, c, &shown)
	for err == nil {
		wake := watch.wake
		if !paced {
			wake = nil
		}
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			err = out.Comment()
		case <-overview.C:
			err = s.sendOverview(r.Context(), out, c, &shown)
		case <-pace.C:
			paced = true
		case <-alarms:
			err = out.Send("emergencies", struct {
				Emergencies []emergency.Emergency `json:"emergencies"`
			}{s.emergencies.Of(c)})
		case <-wake:
			err = out.Send("gateways", s.Fleet.news(watch))
			paced = false
			pace.Reset(updateInterval)
		}
	}
}

// sendOverview sends the overview if it has changed.
func (s *Console) sendOverview(ctx context.Context, out *respond.EventStream, c *auth.Claims, shown *[]byte) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	text, err := json.Marshal(s.readOverview(ctx, c))
	if err != nil || bytes.Equal(text, *shown) {
		return err
	}
	*shown = text
	return out.Send("overview", json.RawMessage(text))
}

package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/whip"
	"github.com/talkgate/talkgate/gateway/metrics"
)

// counts are what a hub counts; packets it counts elsewhere, see traffic.
type counts struct {
	floorRequests *metrics.Vec
	requests      *metrics.Vec
}

func newCounts(h *Hub) *counts {
	registry, traffic := h.cfg.Metrics, &h.channels.Traffic
	for v, name := range map[forward.Verdict]string{
		forward.Accepted: "accepted", forward.HeldBack: "held_back", forward.Refused: "refused", forward.Duplicate: "duplicate", forward.Excess: "excess", forward.Malformed: "malformed",
	} {
		n := &traffic.Received[v]
		registry.Counter("talkgate_hub_packets_received_total", "RTP packets of members, by what the gate made of them on arrival.",
			metrics.Labels{"verdict": name}, func() float64 { return float64(n.Load()) })
	}
	registry.Counter("talkgate_hub_packets_forwarded_total", "RTP packets written to listeners.", nil,
		func() float64 { return float64(traffic.Forwarded.Load()) })
	registry.Counter("talkgate_hub_packets_unsent_total", "RTP packets that could not be written to a listener.", nil,
		func() float64 { return float64(traffic.Unsent.Load()) })
	registry.Counter("talkgate_hub_unheard_total", "How often members were told that nothing of what they send is forwarded.", nil,
		func() float64 { return float64(traffic.Unheard.Load()) })
	registry.Counter("talkgate_hub_talk_spurts_total", "Talk spurts forwarded.", nil,
		func() float64 { return float64(traffic.Spurts.Load()) })
	registry.Gauge("talkgate_hub_unguarded_channels", "Channels in use on LiveKit without a live guard.", nil,
		func() float64 { return float64(h.console.Guards.Lacking()) })
	for _, kind := range []string{whip.KindWHIP, whip.KindWHEP} {
		registry.Gauge("talkgate_hub_sessions", "Media sessions now.", metrics.Labels{"kind": kind},
			func() float64 { return float64(h.sessions.Count(kind)) })
	}
	return &counts{
		floorRequests: registry.Vec("talkgate_hub_floor_requests_total", "Requests for the floor by members the hub holds it for, by answer.", "answer"),
		requests:      registry.Vec("talkgate_hub_http_requests_total", "HTTP requests answered.", "method", "code"),
	}
}

// Sessions is how many media sessions there are now.
func (h *Hub) Sessions() int { return h.sessions.Count("") }

// pingTime bounds a health check.
const pingTime = time.Second

// health answers GET /healthz: 200 while Redis answers, else 503, since nobody
// can be heard then.
func (h *Hub) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pingTime)
	defer cancel()
	status, answer := http.StatusOK, struct {
		Status string `json:"status"`
		Redis  bool   `json:"redis"`
	}{"ok", true}
	if h.cfg.State.Ping(ctx) != nil {
		status = http.StatusServiceUnavailable
		answer.Status, answer.Redis = "Redis does not answer: nobody can be heard", false
	}
	respond.JSON(w, status, answer)
}

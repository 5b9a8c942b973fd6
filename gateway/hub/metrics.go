package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/gateway/hub/respond"
	"github.com/talkgate/talkgate/gateway/hub/whip"
)

// metrics are what a hub counts; packets it counts elsewhere, see traffic.
type metrics struct {
	floorRequests *prometheus.CounterVec
	requests      *prometheus.CounterVec
}

func newMetrics(h *Hub) *metrics {
	make := promauto.With(h.cfg.Metrics)
	for v, name := range map[forward.Verdict]string{
		forward.Accepted: "accepted", forward.HeldBack: "held_back", forward.Refused: "refused", forward.Duplicate: "duplicate", forward.Excess: "excess", forward.Malformed: "malformed",
	} {
		n := &h.channels.Traffic.Received[v]
		make.NewCounterFunc(prometheus.CounterOpts{
			Name:        "talkgate_hub_packets_received_total",
			Help:        "RTP packets of members, by what the gate made of them on arrival.",
			ConstLabels: prometheus.Labels{"verdict": name},
		}, func() float64 { return float64(n.Load()) })
	}
	make.NewCounterFunc(prometheus.CounterOpts{
		Name: "talkgate_hub_packets_forwarded_total",
		Help: "RTP packets written to listeners.",
	}, func() float64 { return float64(h.channels.Traffic.Forwarded.Load()) })
	make.NewCounterFunc(prometheus.CounterOpts{
		Name: "talkgate_hub_packets_unsent_total",
		Help: "RTP packets that could not be written to a listener.",
	}, func() float64 { return float64(h.channels.Traffic.Unsent.Load()) })
	make.NewCounterFunc(prometheus.CounterOpts{
		Name: "talkgate_hub_unheard_total",
		Help: "How often members were told that nothing of what they send is forwarded.",
	}, func() float64 { return float64(h.channels.Traffic.Unheard.Load()) })
	make.NewCounterFunc(prometheus.CounterOpts{
		Name: "talkgate_hub_talk_spurts_total",
		Help: "Talk spurts forwarded.",
	}, func() float64 { return float64(h.channels.Traffic.Spurts.Load()) })
	for _, kind := range []string{whip.KindWHIP, whip.KindWHEP} {
		make.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "talkgate_hub_sessions",
			Help:        "Media sessions now.",
			ConstLabels: prometheus.Labels{"kind": kind},
		}, func() float64 { return float64(h.sessions.Count(kind)) })
	}
	return &metrics{
		floorRequests: make.NewCounterVec(prometheus.CounterOpts{
			Name: "talkgate_hub_floor_requests_total",
			Help: "Requests for the floor by members the hub holds it for, by answer.",
		}, []string{"answer"}),
		requests: make.NewCounterVec(prometheus.CounterOpts{
			Name: "talkgate_hub_http_requests_total",
			Help: "HTTP requests answered.",
		}, []string{"method", "code"}),
	}
}

func (m *metrics) count(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(m.requests, next)
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

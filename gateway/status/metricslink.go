package status

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

// registerLink adds how well the media connection carries.
func registerLink(registry *prometheus.Registry, link LinkQuality) {
	make := promauto.With(registry)
	make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_port_link_rtt_seconds", Help: "Round trip to the channel server; 0 while it is not known."},
		func() float64 { return link.Quality().RTT.Seconds() })
	for direction, reception := range map[string]func(port.LinkQuality) media.Reception{
		"in":  func(q port.LinkQuality) media.Reception { return q.In },
		"out": func(q port.LinkQuality) media.Reception { return q.Out },
	} {
		labels := prometheus.Labels{"direction": direction}
		make.NewCounterFunc(prometheus.CounterOpts{Name: "talkgate_port_link_packets_expected_total", Help: "Packets that were sent, by direction; out is as the server tells.", ConstLabels: labels},
			func() float64 { return float64(reception(link.Quality()).Expected) })
		make.NewCounterFunc(prometheus.CounterOpts{Name: "talkgate_port_link_packets_received_total", Help: "Packets that arrived, by direction; out is as the server tells.", ConstLabels: labels},
			func() float64 { return float64(reception(link.Quality()).Received) })
		make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_port_link_jitter_seconds", Help: "Interarrival jitter (RFC 3550), by direction; out is as the server tells.", ConstLabels: labels},
			func() float64 { return reception(link.Quality()).Jitter.Seconds() })
	}
	make.NewCounterFunc(prometheus.CounterOpts{Name: "talkgate_port_link_packets_recovered_total", Help: "Packets heard that were lost and came as a copy in a later one (RED, RFC 2198)."},
		func() float64 { return float64(link.Quality().In.Recovered) })
	make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_port_link_copies", Help: "Copies of earlier packets that go along with each that is sent (RED, RFC 2198): 0 while the server reports no loss."},
		func() float64 { return float64(link.Quality().Out.Copies) })
}

// registerBoard adds what the port's hardware tells.
func registerBoard(registry *prometheus.Registry, r *Running) {
	make := promauto.With(registry)
	for side, count := range map[string]func() uint64{
		"microphone": func() uint64 { mic, _ := r.xruns(); return mic },
		"speaker":    func() uint64 { _, speaker := r.xruns(); return speaker },
	} {
		make.NewCounterFunc(prometheus.CounterOpts{Name: "talkgate_port_xruns_total", Help: "How often the sound card ran full or empty.", ConstLabels: prometheus.Labels{"side": side}},
			func() float64 { return float64(count()) })
	}
	make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_board_celsius", Help: "Temperature of the processor; NaN where there is no sensor."}, func() float64 {
		if c := r.gateway.board.celsius(); c != nil {
			return *c
		}
		return math.NaN()
	})
	for _, bit := range []fleet.Throttled{fleet.UnderVoltage, fleet.FrequencyCap, fleet.SlowedDown, fleet.SoftHeatLimit} {
		make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_board_throttled", Help: "What a Raspberry Pi's firmware says of power and heat: 1 while it holds.",
			ConstLabels: prometheus.Labels{"reason": bit.Now()[0]}}, func() float64 { return one(r.gateway.board.throttled()&bit != 0) })
	}
	make.NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_build_info", Help: "1, with talkgate's version.", ConstLabels: prometheus.Labels{"version": build.Version()}},
		func() float64 { return 1 })
}

// registerFloor adds the state of the floor as the port sees it.
func registerFloor(registry *prometheus.Registry, health *Health) {
	for _, phase := range []floor.Phase{floor.Idle, floor.Requesting, floor.Waiting, floor.Talking, floor.Draining, floor.Refused} {
		promauto.With(registry).NewGaugeFunc(prometheus.GaugeOpts{Name: "talkgate_port_floor_state", Help: "State of the floor, as the port sees it: 1 for the one that holds.",
			ConstLabels: prometheus.Labels{"state": phaseWord(phase)}}, func() float64 {
			s, ok := health.Latest()
			return one(ok && s.Floor.Phase == phase)
		})
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

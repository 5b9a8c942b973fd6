package status

import (
	"math"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

// registerLink adds how well the media connection carries.
func registerLink(registry *metrics.Registry, link LinkQuality) {
	registry.Gauge("talkgate_port_link_rtt_seconds", "Round trip to the channel server; 0 while it is not known.", nil,
		func() float64 { return link.Quality().RTT.Seconds() })
	for direction, reception := range map[string]func(port.LinkQuality) media.Reception{
		"in":  func(q port.LinkQuality) media.Reception { return q.In },
		"out": func(q port.LinkQuality) media.Reception { return q.Out },
	} {
		labels := metrics.Labels{"direction": direction}
		registry.Counter("talkgate_port_link_packets_expected_total", "Packets that were sent, by direction; out is as the server tells.", labels,
			func() float64 { return float64(reception(link.Quality()).Expected) })
		registry.Counter("talkgate_port_link_packets_received_total", "Packets that arrived, by direction; out is as the server tells.", labels,
			func() float64 { return float64(reception(link.Quality()).Received) })
		registry.Gauge("talkgate_port_link_jitter_seconds", "Interarrival jitter (RFC 3550), by direction; out is as the server tells.", labels,
			func() float64 { return reception(link.Quality()).Jitter.Seconds() })
	}
	registry.Counter("talkgate_port_link_packets_recovered_total", "Packets heard that were lost and came as a copy in a later one (RED, RFC 2198).", nil,
		func() float64 { return float64(link.Quality().In.Recovered) })
	registry.Gauge("talkgate_port_link_copies", "Copies of earlier packets that go along with each that is sent (RED, RFC 2198): 0 while the server reports no loss.", nil,
		func() float64 { return float64(link.Quality().Out.Copies) })
}

// registerBoard adds what the port's hardware tells.
func registerBoard(registry *metrics.Registry, r *Running) {
	for side, count := range map[string]func() uint64{
		"microphone": func() uint64 { mic, _ := r.xruns(); return mic },
		"speaker":    func() uint64 { _, speaker := r.xruns(); return speaker },
	} {
		registry.Counter("talkgate_port_xruns_total", "How often the sound card ran full or empty.", metrics.Labels{"side": side},
			func() float64 { return float64(count()) })
	}
	registry.Gauge("talkgate_board_celsius", "Temperature of the processor; NaN where there is no sensor.", nil, func() float64 {
		if c := r.gateway.board.celsius(); c != nil {
			return *c
		}
		return math.NaN()
	})
	for _, bit := range []fleet.Throttled{fleet.UnderVoltage, fleet.FrequencyCap, fleet.SlowedDown, fleet.SoftHeatLimit} {
		registry.Gauge("talkgate_board_throttled", "What a Raspberry Pi's firmware says of power and heat: 1 while it holds.", metrics.Labels{"reason": bit.Now()[0]}, func() float64 { return one(r.gateway.board.throttled()&bit != 0) })
	}
	registry.Gauge("talkgate_build_info", "1, with talkgate's version.", metrics.Labels{"version": build.Version()},
		func() float64 { return 1 })
}

// registerFloor adds the state of the floor as the port sees it.
func registerFloor(registry *metrics.Registry, health *Health) {
	for _, phase := range []floor.Phase{floor.Idle, floor.Requesting, floor.Waiting, floor.Talking, floor.Draining, floor.Refused} {
		registry.Gauge("talkgate_port_floor_state", "State of the floor, as the port sees it: 1 for the one that holds.", metrics.Labels{"state": phaseWord(phase)}, func() float64 {
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

package console

import (
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/metrics"
)

// RegisterFleet registers the metrics of every gateway, so that one scrape of the hub
// covers gateways that Prometheus does not reach.
func RegisterFleet(registry *metrics.Registry, v *Fleet) {
	families := []metrics.Family{
		{Name: "talkgate_fleet_known", Help: "Whether the hub can read the fleet's reports; 0 while Redis does not answer.", Kind: metrics.Gauge},
		{Name: "talkgate_fleet_gateways", Help: "Gateways, by state: live, gone, unreadable.", Kind: metrics.Gauge, Labels: []string{"state"}},
	}
	of := func(name, help string, labels ...string) {
		kind := metrics.Gauge
		if strings.HasSuffix(name, "_total") {
			kind = metrics.Counter
		}
		families = append(families, metrics.Family{Name: "talkgate_fleet_gateway_" + name, Help: help, Kind: kind, Labels: append([]string{"gateway"}, labels...)})
	}
	of("info", "1, with what a gateway says of itself.", "group", "channel", "version")
	of("live", "Whether its heartbeat still counts.")
	of("last_seen_timestamp_seconds", "When its last heartbeat came, by the clock of Redis.")
	of("on_air", "Whether link, Redis and talk rights are there.")
	of("talking", "Whether its microphone is open.")
	of("alert", "Whether its alert lamp is lit.")
	of("emergency", "Whether it shows an emergency.")
	of("stalled", "How many of the loops that it lives by stand still.")
	of("xruns_total", "How often its sound card ran full or empty.")
	of("microphone_dbfs", "Level that its microphone hears.")
	of("speaker_dbfs", "Level that its loudspeaker is given.")
	of("link_rtt_seconds", "Round trip to its channel server.")
	of("link_loss_ratio", "Packets lost since the report before, by direction.", "direction")
	of("link_jitter_seconds", "Interarrival jitter, by direction.", "direction")
	of("celsius", "Temperature of its board.")
	of("throttled", "What its board's firmware says of power and heat: 1 while it holds.", "reason")
	of("config_version", "Version of the fleet's document in force; 0 is none.")
	registry.Collect(families, func(emit metrics.Emit) {
		all, known := v.All()
		emit("talkgate_fleet_known", oneIf(known))
		states := map[string]int{"live": 0, "gone": 0, "unreadable": 0}
		for _, g := range all {
			switch {
			case g.Error != "":
				states["unreadable"]++
			case g.Live:
				states["live"]++
			default:
				states["gone"]++
			}
			emitGateway(g, emit)
		}
		for state, n := range states {
			emit("talkgate_fleet_gateways", float64(n), state)
		}
	})
}

// emitGateway emits the metrics of one gateway. For one that is not live it emits only
// info, live and the time of the last report.
func emitGateway(g Gateway, emit metrics.Emit) {
	gauge := func(name string, value float64, labels ...string) {
		emit("talkgate_fleet_gateway_"+name, value, append([]string{g.ID}, labels...)...)
	}
	gauge("info", 1, g.Group, g.Channel, g.Version)
	gauge("live", oneIf(g.Live))
	gauge("last_seen_timestamp_seconds", float64(g.Seen)/1000)
	if !g.Live || g.Error != "" {
		return
	}
	gauge("on_air", oneIf(g.OnAir))
	gauge("talking", oneIf(g.Lamps.Talk))
	gauge("alert", oneIf(g.Lamps.Alert))
	gauge("emergency", oneIf(g.Lamps.Emergency))
	gauge("stalled", float64(len(g.Stalled)))
	gauge("xruns_total", float64(g.Xruns))
	gauge("microphone_dbfs", g.Mic)
	gauge("speaker_dbfs", g.Level)
	gauge("config_version", float64(g.Config))
	if g.Link.RTT > 0 {
		gauge("link_rtt_seconds", g.Link.RTT*float64(time.Millisecond)/float64(time.Second))
	}
	if q := g.Link.In; q != nil {
		gauge("link_loss_ratio", q.Loss, "in")
		gauge("link_jitter_seconds", q.Jitter/1000, "in")
	}
	if q := g.Link.Out; q != nil {
		gauge("link_loss_ratio", q.Loss, "out")
		gauge("link_jitter_seconds", q.Jitter/1000, "out")
	}
	if g.Celsius != nil {
		gauge("celsius", *g.Celsius)
	}
	for _, reason := range g.Throttled {
		gauge("throttled", 1, reason)
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

package status

import (
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
)

// registerKeying adds what became of a port's transmitter, and what its radio's
// squelch does.
func registerKeying(registry *metrics.Registry, p *port.Port) {
	counter := func(name, help string, value func(media.KeyStats) float64) {
		registry.Counter("talkgate_port_"+name, help, nil, func() float64 { return value(p.KeyStats()) })
	}
	gauge := func(name, help string, value func(media.KeyStats) float64) {
		registry.Gauge("talkgate_port_"+name, help, nil, func() float64 { return value(p.KeyStats()) })
	}
	counter("keyed_seconds_total", "How long the transmitter was keyed.", func(s media.KeyStats) float64 { return s.Keyed.Seconds() })
	counter("key_lost_seconds_total", "Speech that was not sent for limit, duty cycle or interlock.", func(s media.KeyStats) float64 { return s.Lost.Seconds() })
	counter("key_cool_downs_total", "How often the duty cycle let go of the transmitter.", func(s media.KeyStats) float64 { return float64(s.CoolDowns) })
	gauge("key_waiting_seconds", "Speech that waits for the radio to be free.", func(s media.KeyStats) float64 { return s.Waiting.Seconds() })
	truth := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	gauge("key_cooling", "Whether the transmitter cools down.", func(s media.KeyStats) float64 { return truth(s.Cooling) })
	registry.Gauge("talkgate_port_squelch_talks", "Whether the radio's squelch asks for the floor.", nil,
		func() float64 { return truth(p.SquelchStats().Talks) })
	registry.Gauge("talkgate_port_squelch_chatters", "Whether short openings of the squelch are taken for noise.", nil,
		func() float64 { return truth(p.SquelchStats().Chatters) })
	registry.Counter("talkgate_port_squelch_ignored_total", "Openings of the squelch that were too short to talk.", nil,
		func() float64 { return float64(p.SquelchStats().Ignored) })
	registry.Gauge("talkgate_port_loop", "Whether the radio is not listened to, as what the channel says came back by it.", nil,
		func() float64 { return truth(p.SquelchStats().Looped) })
	registry.Counter("talkgate_port_loops_total", "How often what the channel says came back by radio.", nil,
		func() float64 { return float64(p.SquelchStats().Loops) })
}

package status

import (
	"time"

	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/state/floor"
)

// registerPort adds what is measured of a port. It is read when it is asked for;
// the port knows nothing of it.
func registerPort(registry *metrics.Registry, r *Running) {
	g, health, running := r.gateway, r.gateway.health, r.port
	registerLink(registry, g.link)
	registerToken(registry, g.link)
	registerBoard(registry, r)
	registerFloor(registry, health)
	g.monitors.register(registry, running.Hears)
	registerSelector(registry, g.cfg.Selector, health)
	gauge := func(name, help string, value func() float64) {
		registry.Gauge("talkgate_port_"+name, help, nil, value)
	}
	truth := func(name, help string, value func(port.Status) bool) {
		gauge(name, help, func() float64 {
			if s, ok := health.Latest(); ok && value(s) {
				return 1
			}
			return 0
		})
	}
	truth("on_air", "Whether link, Redis and talk rights are there.", func(s port.Status) bool { return s.Lamps.Link })
	truth("link_up", "Whether the media connection is up.", func(s port.Status) bool { return s.Link == port.NoFault })
	registerFaults(registry, health)
	truth("redis_up", "Whether Redis answers.", func(s port.Status) bool { return s.Redis })
	if g.cfg.Link.LiveKit != nil {
		truth("unguarded", "Whether no live guard is in the channel's room on LiveKit.", func(s port.Status) bool { return s.Unguarded })
	}
	truth("rights_held", "Whether the port may talk.", func(s port.Status) bool { return s.Floor.Rights })
	if g.display != nil {
		truth("display_up", "Whether the small display answers.", func(port.Status) bool { return g.display() })
	}
	truth("talking", "Whether the microphone is open.", func(s port.Status) bool { return s.Floor.Phase == floor.Talking })
	truth("busy", "Whether another member has the floor.", func(s port.Status) bool { return s.Lamps.Busy })

	truth("emergency", "Whether anybody talks to all channels of the event.", func(s port.Status) bool { return s.Emergency })

	counter := func(name, help string, labels metrics.Labels, value func() uint64) {
		registry.Counter("talkgate_port_"+name, help, labels,
			func() float64 { return float64(value()) })
	}
	for result, value := range map[string]func(sender.Stats) uint64{
		"sent":    func(s sender.Stats) uint64 { return s.Sent },
		"unsent":  func(s sender.Stats) uint64 { return s.Unsent },
		"paused":  func(s sender.Stats) uint64 { return s.Paused },
		"skipped": func(s sender.Stats) uint64 { return s.Skipped },
	} {
		counter("talk_frames_total", "Frames of 20 ms that were to be sent, by what became of them.",
			metrics.Labels{"result": result}, func() uint64 { return value(running.TalkStats()) })
	}
	gauge("queue_place", "Place in the queue for the floor, 1 being next; 0 is none.", func() float64 {
		if s, ok := health.Latest(); ok {
			return float64(s.Floor.Place)
		}
		return 0
	})
	registerKeying(registry, running)
	registerRadio(registry, running)
	counter("unheard_total", "How often the port talked and the server forwarded nothing of it.", nil, running.UnheardTimes)
	for _, why := range floor.Reasons() {
		counter("refusals_total", "Presses that did not talk, or not to their end, by why.",
			metrics.Labels{"why": why.String()}, func() uint64 { return running.Refusals()[why] })
	}
	for result, value := range map[string]func(jitter.Stats) uint64{
		"played":    func(s jitter.Stats) uint64 { return s.Played },
		"late":      func(s jitter.Stats) uint64 { return s.Late },
		"lost":      func(s jitter.Stats) uint64 { return s.Lost },
		"duplicate": func(s jitter.Stats) uint64 { return s.Duplicates },
		"refused":   func(s jitter.Stats) uint64 { return s.Refused },
	} {
		counter("heard_packets_total", "Packets of other members, by what became of them.",
			metrics.Labels{"result": result}, func() uint64 { return value(running.HeardStats()) })
	}
	counter("heard_concealed_total", "Stretches of 20 ms that were made up for lost packets.", nil,
		func() uint64 { return running.HeardStats().Concealed })
	counter("heard_comfort_total", "Stretches of 20 ms of comfort noise, in pauses of other members.", nil,
		func() uint64 { return running.HeardStats().Comfort })
	counter("heard_spurts_total", "Talk spurts of other members.", nil, func() uint64 { return running.HeardStats().Spurts })
	gauge("jitter_delay_seconds", "Delay of the jitter buffer.", func() float64 { return running.HeardStats().Delay.Seconds() })
	gauge("jitter_target_seconds", "Delay that the jitter buffer is steered to.", func() float64 { return running.HeardStats().Target.Seconds() })
	registerLevels(registry, running)
	for _, part := range pulse.Parts() {
		counter("turns_total", "Turns of each loop that the port lives by; one that stands still is a dead radio.",
			metrics.Labels{"part": part.String()}, func() uint64 { return running.Pulse()[part] })
	}
	for queue, value := range map[string]func(port.Dropped) uint64{
		"commands": func(d port.Dropped) uint64 { return d.Commands },
		"changes":  func(d port.Dropped) uint64 { return d.Changes },
	} {
		counter("dropped_events_total", "Events for which a queue had no room: dialed commands, or changes of status that were not read in time.",
			metrics.Labels{"queue": queue}, func() uint64 { return value(running.Dropped()) })
	}
	gauge("uptime_seconds", "How long the port has been running.", func() float64 { return time.Since(g.began).Seconds() })
}

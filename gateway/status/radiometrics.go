package status

import (
	"math"

	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
)

// registerRadio adds what limits a port's talking, and whether its transmitter owes
// an identification.
func registerRadio(registry *metrics.Registry, p *port.Port) {
	gauge := func(name, help string, value func(port.RadioStatus) float64) {
		registry.Gauge("talkgate_port_"+name, help, nil,
			func() float64 { return value(p.RadioStatus()) })
	}
	seconds := func(left *int) float64 {
		if left == nil {
			return math.NaN()
		}
		return float64(*left)
	}
	gauge("talk_left_seconds", "Until the time-out timer cuts the talk spurt; NaN while nothing is to be cut.",
		func(s port.RadioStatus) float64 { return seconds(s.Talk.Left) })
	gauge("talk_budget_left_seconds", "What of the talk budget is left; NaN without one.",
		func(s port.RadioStatus) float64 { return seconds(s.Talk.Budget) })
	gauge("talk_budget_again_seconds", "How long presses are refused because the talk budget of the user is spent.",
		func(s port.RadioStatus) float64 { return float64(s.Talk.Again) })
	gauge("talk_penalty_left_seconds", "How long presses are refused after a time-out.",
		func(s port.RadioStatus) float64 { return float64(s.Talk.Penalty) })
	gauge("identification_due", "Whether an identification of the transmitter waits for a pause.", func(s port.RadioStatus) float64 {
		if t := s.Transmitter; t != nil && t.IdentDue != nil && *t.IdentDue {
			return 1
		}
		return 0
	})
}

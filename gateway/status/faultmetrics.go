package status

import (
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/output"
)

// registerFaults adds why the media connection is not up, whatever its kind, and
// what the transmitter's readback found wrong: one of the series is 1 then, none
// while all is well.
func registerFaults(registry *metrics.Registry, health *Health) {
	fault := func(name, help, reason string, is func(port.Status) bool) {
		registry.Gauge("talkgate_port_"+name, help, metrics.Labels{"reason": reason}, func() float64 {
			if s, ok := health.Latest(); ok && is(s) {
				return 1
			}
			return 0
		})
	}
	for _, f := range port.LinkFaults() {
		fault("link_fault", "Why the media connection is not up; all 0 while it is.", string(f),
			func(s port.Status) bool { return s.Link == f })
	}
	for _, f := range output.KeyFaults() {
		fault("key_fault", "What the readback of PTT-out found wrong; all 0 while the transmitter does as it is told.", string(f),
			func(s port.Status) bool { return s.Key == f })
	}
}

package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/talkgate/talkgate/gateway"
)

// registerLinkFault adds why the media connection is not up, whatever its kind:
// one of the series is 1 then, none while it is up.
func registerLinkFault(registry *prometheus.Registry, care *portCare) {
	for _, fault := range gateway.LinkFaults() {
		promauto.With(registry).NewGaugeFunc(prometheus.GaugeOpts{
			Name: "talkgate_port_link_fault", Help: "Why the media connection is not up; all 0 while it is.",
			ConstLabels: prometheus.Labels{"reason": string(fault)},
		}, func() float64 {
			if s := care.status.Load(); s != nil && s.Link == fault {
				return 1
			}
			return 0
		})
	}
}

package console

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fleetCollector tells Prometheus of the fleet as the hub knows it, gateway by
// gateway: one scrape for those that Prometheus does not reach itself.
type fleetCollector struct {
	fleet *Fleet
	known *prometheus.Desc
	total *prometheus.Desc
	each  map[string]*prometheus.Desc
}

func NewFleetCollector(v *Fleet) *fleetCollector {
	c := &fleetCollector{fleet: v, each: map[string]*prometheus.Desc{}}
	c.known = prometheus.NewDesc("talkgate_fleet_known", "Whether the hub can read the fleet's reports; 0 while Redis does not answer.", nil, nil)
	c.total = prometheus.NewDesc("talkgate_fleet_gateways", "Gateways, by state: live, gone, unreadable.", []string{"state"}, nil)
	of := func(name, help string, labels ...string) {
		c.each[name] = prometheus.NewDesc("talkgate_fleet_gateway_"+name, help, append([]string{"gateway"}, labels...), nil)
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
	return c
}

// Describe implements prometheus.Collector.
func (c *fleetCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.known
	ch <- c.total
	for _, d := range c.each {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *fleetCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	all, known := c.fleet.All()
	gauge(c.known, oneIf(known))
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
		c.collect(g, ch, gauge)
	}
	for state, n := range states {
		gauge(c.total, float64(n), state)
	}
}

// collect tells of one gateway. Of one that is gone only that is known.
func (c *fleetCollector) collect(g Gateway, ch chan<- prometheus.Metric, gauge func(*prometheus.Desc, float64, ...string)) {
	gauge(c.each["info"], 1, g.ID, g.Group, g.Channel, g.Version)
	gauge(c.each["live"], oneIf(g.Live), g.ID)
	gauge(c.each["last_seen_timestamp_seconds"], float64(g.Seen)/1000, g.ID)
	if !g.Live || g.Error != "" {
		return
	}
	gauge(c.each["on_air"], oneIf(g.OnAir), g.ID)
	gauge(c.each["talking"], oneIf(g.Lamps.Talk), g.ID)
	gauge(c.each["alert"], oneIf(g.Lamps.Alert), g.ID)
	gauge(c.each["emergency"], oneIf(g.Lamps.Emergency), g.ID)
	gauge(c.each["stalled"], float64(len(g.Stalled)), g.ID)
	ch <- prometheus.MustNewConstMetric(c.each["xruns_total"], prometheus.CounterValue, float64(g.Xruns), g.ID)
	gauge(c.each["microphone_dbfs"], g.Mic, g.ID)
	gauge(c.each["speaker_dbfs"], g.Level, g.ID)
	gauge(c.each["config_version"], float64(g.Config), g.ID)
	if g.Link.RTT > 0 {
		gauge(c.each["link_rtt_seconds"], g.Link.RTT*float64(time.Millisecond)/float64(time.Second), g.ID)
	}
	if q := g.Link.In; q != nil {
		gauge(c.each["link_loss_ratio"], q.Loss, g.ID, "in")
		gauge(c.each["link_jitter_seconds"], q.Jitter/1000, g.ID, "in")
	}
	if q := g.Link.Out; q != nil {
		gauge(c.each["link_loss_ratio"], q.Loss, g.ID, "out")
		gauge(c.each["link_jitter_seconds"], q.Jitter/1000, g.ID, "out")
	}
	if g.Celsius != nil {
		gauge(c.each["celsius"], *g.Celsius, g.ID)
	}
	for _, reason := range g.Throttled {
		gauge(c.each["throttled"], 1, g.ID, reason)
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

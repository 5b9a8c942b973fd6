package config

import "time"

// Monitor is what is heard when several channels speak at once.
type Monitor struct {
	Mode string        `yaml:"mode" oneof:"mute duck scan" doc:"mute keeps the less important silent; duck makes it softer; scan stays where something was said until it has been quiet for hold, and only the port's own channel breaks in"`
	Duck Decibel       `yaml:"duck" within:"-40 dB..-3 dB" doc:"how much softer duck makes the less important of two channels; a third is silent"`
	Hold time.Duration `yaml:"hold" within:"0s..1m" doc:"how long scan waits after the last word on a channel before it hears others"`
}

func defaultMonitor() Monitor { return Monitor{Mode: "mute", Duck: -15, Hold: 3 * time.Second} }

package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Selector is the knob with which a port's user chooses the channel.
type Selector struct {
	Kind     string        `yaml:"kind" oneof:"none buttons rotary bcd" doc:"buttons for up and down, a rotary encoder in quadrature, or a BCD switch; its lines are in hardware.selector"`
	Channels string        `yaml:"channels" match:"^[^{}/\\p{C}]*$" as:"IDs of channels, parted by blanks" within:"0..1024" doc:"the channels it chooses from, in order; channel is one of them. The token has to name them all"`
	Settle   time.Duration `yaml:"settle" within:"50ms..5s" doc:"how long it has to stay at a position to count; nothing is said on any channel meanwhile"`
	Confirm  string        `yaml:"confirm" oneof:"beeps morse off" doc:"how the number of the channel is told in the loudspeaker, with audio.tones.gain: so many beeps, or the number in Morse code"`
	Sounds   File          `yaml:"sounds" doc:"directory of WAV files named as the channels, such as gates.wav, at most 5s each, that tell it instead; empty is none"`
}

func defaultSelector() Selector {
	return Selector{Kind: "none", Settle: 300 * time.Millisecond, Confirm: "beeps"}
}

// List is the channels in order; none where there is no selector.
func (s Selector) List() []string {
	if s.Kind == "none" {
		return nil
	}
	return strings.Fields(s.Channels)
}

// Monitored lists the further channels that are listened on from Channel, the most
// important first.
func (c Config) Monitored() []string {
	return slices.DeleteFunc(c.Link.Monitored(), func(id string) bool { return id == c.Channel })
}

// selectorLines are how many lines each kind has.
func selectorLines(kind string) int { return map[string]int{"buttons": 2, "rotary": 2, "bcd": 4}[kind] }

// selector checks that what can be chosen is there.
func (d *decoder) selector(c Config) {
	s := c.Selector
	list := strings.Fields(s.Channels)
	most := map[string]int{"bcd": 15}[s.Kind]
	switch {
	case s.Kind == "none" && s.Channels != "":
		d.relation("selector.channels", "selector.kind", "none, as there is no selector", s.Channels)
	case s.Kind == "none":
	case !slices.Contains(list, c.Channel):
		d.relation("selector.channels", "channel", "a list with the port's own channel, "+c.Channel, fmt.Sprintf("%q", s.Channels))
	case most > 0 && len(list) > most:
		d.relation("selector.channels", "selector.kind", fmt.Sprintf("at most %d channels, as a BCD switch has", most), len(list))
	}
	for i, id := range list {
		if slices.Contains(list[:i], id) {
			d.relation("selector.channels", "selector.kind", "each channel once", id+" twice")
		}
	}
	if b := c.Hardware.Board; b != nil {
		for i, l := range b.Selector.All() {
			key := "hardware.selector." + string(rune('a'+i)) + ".chip"
			if wants := i < selectorLines(s.Kind); wants && !l.Wired() {
				d.relation(key, "selector.kind", "a chip, as selector.kind needs that line", "none")
			} else if !wants && l.Wired() {
				d.relation(key, "selector.kind", "none, as selector.kind has no such line", l.where())
			}
		}
	}
}

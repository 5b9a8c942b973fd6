package drivers

import (
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/cm108"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/evdev"
	"github.com/talkgate/talkgate/hal/gpio"
)

// inputs opens the inputs of a board.
type inputs struct{ keys *evdev.Devices }

func newInputs() inputs { return inputs{evdev.NewDevices()} }

// button opens a push-to-talk line; nil is one that is not wired.
func (o inputs) button(l config.ButtonLine) (hal.Input, error) {
	return o.contact(config.InputLine{
		Chip: l.Chip, Line: l.Line, Input: l.Input, Key: l.Key,
		ActiveLow: l.ActiveLow, Pull: l.Pull, Debounce: l.Debounce, Glitch: l.Glitch,
	}, l.Mode == "toggle")
}

// line opens a line that is read; nil is one that is not wired.
func (o inputs) line(l config.InputLine) (hal.Input, error) { return o.contact(l, false) }

// selector opens the lines of a channel selector that are wired, and with an error
// those that could be opened. Lines of one GPIO chip are one request, so that their edges
// come in order.
func (o inputs) selector(cfg config.SelectorLines) (lines []hal.Input, err error) {
	if together := onOneChip(cfg); together != nil {
		all, err := gpio.OpenInputs(together...)
		for _, in := range all {
			lines = append(lines, in)
		}
		return lines, err
	}
	for _, l := range cfg.All() {
		if !l.Wired() {
			continue
		}
		in, err := o.line(l)
		if err != nil {
			return lines, err
		}
		lines = append(lines, in)
	}
	return lines, nil
}

// onOneChip are the lines of a selector if all that are wired are on one GPIO chip, else none.
func onOneChip(cfg config.SelectorLines) (lines []gpio.InputConfig) {
	for _, l := range cfg.All() {
		if !l.Wired() {
			continue
		}
		if l.Input != "" || cm108.Names(l.Chip) || len(lines) > 0 && l.Chip != lines[0].Chip {
			return nil
		}
		lines = append(lines, gpioInput(l, contactOf(l, false)))
	}
	return lines
}

func contactOf(l config.InputLine, toggle bool) contact.Config {
	return contact.Config{Filter: contact.Filter{Debounce: l.Debounce, Glitch: l.Glitch}, Toggle: toggle}
}

func gpioInput(l config.InputLine, what contact.Config) gpio.InputConfig {
	return gpio.InputConfig{Line: gpio.Line{Chip: l.Chip, Name: l.Line, ActiveLow: l.ActiveLow, Pull: pullOf(l.Pull)}, Config: what}
}

func (o inputs) contact(l config.InputLine, toggle bool) (hal.Input, error) {
	what := contactOf(l, toggle)
	switch {
	case l.Input != "":
		return opened(o.keys.Open(evdev.Key{Device: l.Input, Name: l.Key}, what))
	case l.Chip == "":
		return nil, nil
	case cm108.Names(l.Chip):
		return opened(cm108.OpenInput(cm108.InputConfig{Line: cm108.Line{Chip: l.Chip, Name: l.Line, ActiveLow: l.ActiveLow}, Config: what}))
	}
	return opened(gpio.OpenInput(gpioInput(l, what)))
}

// opened keeps the nil of a failed driver from becoming an input that is there.
func opened[T hal.Input](in T, err error) (hal.Input, error) {
	if err != nil {
		return nil, err
	}
	return in, nil
}

// openOutput opens a line that is driven; nil is one that is not wired.
func openOutput(l config.OutputLine) (hal.Output, error) {
	if cm108.Names(l.Chip) {
		out, err := cm108.OpenOutput(cm108.Line{Chip: l.Chip, Name: l.Line, ActiveLow: l.ActiveLow})
		if err != nil {
			return nil, err
		}
		return out, nil
	}
	line := lineOf(l)
	if line == nil {
		return nil, nil
	}
	out, err := gpio.OpenOutput(*line)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func panelLines(cfg config.LampLines) gpio.PanelLines {
	return gpio.PanelLines{Talk: lineOf(cfg.Talk), Busy: lineOf(cfg.Busy), Alert: lineOf(cfg.Alert), Link: lineOf(cfg.Link),
		Emergency: lineOf(cfg.Emergency)}
}

// lineOf is nil for an output that is not wired.
func lineOf(cfg config.OutputLine) *gpio.Line {
	if cfg.Chip == "" {
		return nil
	}
	drives := map[string]gpio.Drive{"push-pull": gpio.PushPull, "open-drain": gpio.OpenDrain, "open-source": gpio.OpenSource}
	return &gpio.Line{Chip: cfg.Chip, Name: cfg.Line, ActiveLow: cfg.ActiveLow, Drive: drives[cfg.Drive]}
}

func pullOf(word string) gpio.Pull {
	return map[string]gpio.Pull{"up": gpio.PullUp, "down": gpio.PullDown, "off": gpio.PullOff, "keep": gpio.PullKeep}[word]
}

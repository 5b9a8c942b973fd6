package main

import (
	"errors"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal/audio"
	"github.com/talkgate/talkgate/hal/contact"
	"github.com/talkgate/talkgate/hal/gpio"
)

// openBoard opens all that is wired or, with an error, nothing. The microphone
// comes first: a binary without sound says so whatever else is missing. The
// loudspeaker comes last: oto opens one in the life of a process.
func openBoard(cfg config.BoardHardware) (hw gateway.Hardware, err error) {
	var opened []func() error
	defer func() {
		if err == nil {
			return
		}
		for _, close := range opened {
			err = errors.Join(err, close())
		}
	}()
	mic, err := audio.OpenCapture(sideOf(cfg.Sound.Microphone)) // its gain is media/level's
	if err != nil {
		return hw, err
	}
	opened = append(opened, mic.Close)
	ptt, err := gpio.OpenInput(gpio.InputConfig{
		Line:   gpio.Line{Chip: cfg.PTT.Chip, Name: cfg.PTT.Line, ActiveLow: cfg.PTT.ActiveLow, Pull: pullOf(cfg.PTT.Pull)},
		Config: contact.Config{Filter: contact.Filter{Debounce: cfg.PTT.Debounce, Glitch: cfg.PTT.Glitch}, Toggle: cfg.PTT.Mode == "toggle"},
	})
	if err != nil {
		return hw, err
	}
	opened = append(opened, ptt.Close)
	hw.PTT = ptt
	if cfg.COR.Chip != "" {
		cor, err := gpio.OpenInput(gpio.InputConfig{
			Line:   gpio.Line{Chip: cfg.COR.Chip, Name: cfg.COR.Line, ActiveLow: cfg.COR.ActiveLow, Pull: pullOf(cfg.COR.Pull)},
			Config: contact.Config{Filter: contact.Filter{Debounce: cfg.COR.Debounce, Glitch: cfg.COR.Glitch}},
		})
		if err != nil {
			return hw, err
		}
		opened = append(opened, cor.Close)
		hw.COR = cor
	}
	panel, err := gpio.OpenPanel(panelLines(cfg.Lamps))
	if err != nil {
		return hw, err
	}
	opened = append(opened, panel.Close)
	hw.Lamps = panel
	if line := lineOf(cfg.PTTOut); line != nil {
		key, err := gpio.OpenOutput(*line)
		if err != nil {
			return hw, err
		}
		opened = append(opened, key.Close)
		hw.PTTOut = key
	}
	player := audio.Oto
	if cfg.Sound.Player == "malgo" {
		player = audio.Malgo
	}
	speaker, err := audio.OpenPlayback(sideOf(cfg.Sound.Speaker), player)
	if err != nil {
		return hw, err
	}
	hw.Mic, hw.Speaker = mic, speaker
	return hw, nil
}

func sideOf(cfg config.SoundSide) audio.Config {
	return audio.Config{Card: cfg.Card, Device: cfg.Device, Gain: float64(cfg.Gain)}
}

func panelLines(cfg config.LampLines) gpio.PanelLines {
	return gpio.PanelLines{Talk: lineOf(cfg.Talk), Busy: lineOf(cfg.Busy), Alert: lineOf(cfg.Alert), Link: lineOf(cfg.Link)}
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

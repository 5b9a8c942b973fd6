package main

import (
	"errors"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/audio"
	"github.com/talkgate/talkgate/hal/gpio"
)

// openBoard opens all that is wired or, with an error, nothing. The microphone
// comes first: a binary without sound says so whatever else is missing. The
// loudspeaker comes last: oto opens one in the life of a process.
func openBoard(cfg config.BoardHardware) (hw port.Hardware, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, hw.Close())
		}
	}()
	mic, err := audio.OpenCapture(sideOf(cfg.Sound.Microphone)) // its gain is media/level's
	if err != nil {
		return hw, err
	}
	hw.Mic = mic
	if hw.PTT, err = openButton(cfg.PTT); err != nil {
		return hw, err
	}
	if hw.Emergency, err = openInput(cfg.Emergency); err != nil {
		return hw, err
	}
	if hw.COR, err = openInput(cfg.COR); err != nil {
		return hw, err
	}
	if hw.Selector, err = openSelector(cfg.Selector); err != nil {
		return hw, err
	}
	panel, err := gpio.OpenPanel(panelLines(cfg.Lamps))
	if err != nil {
		return hw, err
	}
	hw.Lamps = panel
	if hw.PTTOut, err = openOutput(cfg.PTTOut); err != nil {
		return hw, err
	}
	if hw.PTTEcho, err = openInput(cfg.PTTReadback); err != nil {
		return hw, err
	}
	if hw.Amplifier, err = openOutput(cfg.Amplifier); err != nil {
		return hw, err
	}
	if hw.Heartbeat, err = openOutput(cfg.Heartbeat); err != nil {
		return hw, err
	}
	player := audio.Oto
	if cfg.Sound.Player == "malgo" {
		player = audio.Malgo
	}
	speaker, err := audio.OpenPlayback(sideOf(cfg.Sound.Speaker), player)
	if err != nil {
		return hw, err
	}
	hw.Speaker = speaker
	return hw, nil
}

func sideOf(cfg config.SoundSide) audio.Config {
	return audio.Config{Card: cfg.Card, Device: cfg.Device, Gain: float64(cfg.Gain)}
}

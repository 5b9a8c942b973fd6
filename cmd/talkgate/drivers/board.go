package drivers

import (
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/sound"
)

// openBoard opens all that is wired or, with an error, nothing. The loudspeaker
// comes last: oto opens one in the life of a process.
func openBoard(cfg config.BoardHardware, in inputs) (hw port.Hardware, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, hw.Close())
		}
	}()
	if err := sound.SetMixer(cfg.Sound.Mixer, microphoneOf(cfg.Sound), speakerOf(cfg.Sound)); err != nil {
		return hw, fmt.Errorf("hardware.sound.mixer: %w", err)
	}
	mic, err := sound.OpenCapture(microphoneOf(cfg.Sound), playerOf(cfg.Sound)) // its gain is media/level's
	if err != nil {
		return hw, err
	}
	hw.Mic = mic
	if hw.PTT, err = in.button(cfg.PTT); err != nil {
		return hw, err
	}
	if hw.Emergency, err = in.line(cfg.Emergency); err != nil {
		return hw, err
	}
	if hw.COR, err = in.line(cfg.COR); err != nil {
		return hw, err
	}
	if hw.Selector, err = in.selector(cfg.Selector); err != nil {
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
	if hw.PTTEcho, err = in.line(cfg.PTTReadback); err != nil {
		return hw, err
	}
	if hw.Amplifier, err = openOutput(cfg.Amplifier); err != nil {
		return hw, err
	}
	if hw.Heartbeat, err = openOutput(cfg.Heartbeat); err != nil {
		return hw, err
	}
	speaker, err := sound.OpenPlayback(speakerOf(cfg.Sound), playerOf(cfg.Sound))
	if errors.Is(err, sound.ErrOnce) {
		err = fmt.Errorf("%w: %w", daemon.ErrRestart, err)
	}
	if err != nil {
		return hw, err
	}
	hw.Speaker = speaker
	return hw, nil
}

func playerOf(cfg config.Sound) sound.Player {
	if cfg.Player == "oto" {
		return sound.Oto
	}
	return sound.ALSA
}

func microphoneOf(cfg config.Sound) sound.Config { return sideOf(cfg.Microphone, cfg.Period) }
func speakerOf(cfg config.Sound) sound.Config    { return sideOf(cfg.Speaker, cfg.Period) }

func sideOf(cfg config.SoundSide, period time.Duration) sound.Config {
	return sound.Config{Card: cfg.Card, Device: cfg.Device, Gain: float64(cfg.Gain), Period: period}
}

package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal/gpio"
)

// checkLink looks whether what a link needs is on this board: its token or
// password. It does not connect.
func checkLink(cfg config.Config, log *slog.Logger) error {
	if cfg.Link.Hub != nil {
		_, err := portToken(cfg.Link.Hub.TokenFile, cfg)
		return err
	}
	_, err := voicePingToken(cfg.Link.VoicePing, cfg, log)
	return err
}

// checkHardware looks whether lines and cards are there. It opens nothing: a port
// that runs has them.
func checkHardware(cfg config.Hardware) error {
	b := cfg.Board
	if b == nil {
		return nil
	}
	var errs []error
	check := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("hardware.%s: %w", key, err))
		}
	}
	check("ptt", gpio.Line{Chip: b.PTT.Chip, Name: b.PTT.Line}.Check())
	if b.COR.Chip != "" {
		check("cor", gpio.Line{Chip: b.COR.Chip, Name: b.COR.Line}.Check())
	}
	for key, out := range map[string]config.OutputLine{
		"ptt_out": b.PTTOut, "lamps.talk": b.Lamps.Talk, "lamps.busy": b.Lamps.Busy, "lamps.alert": b.Lamps.Alert, "lamps.link": b.Lamps.Link,
	} {
		if line := lineOf(out); line != nil {
			check(key, line.Check())
		}
	}
	check("sound.microphone", sideOf(b.Sound.Microphone).Check())
	check("sound.speaker", sideOf(b.Sound.Speaker).Check())
	return errors.Join(errs...)
}

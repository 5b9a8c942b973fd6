package drivers

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/hal/cm108"
	"github.com/talkgate/talkgate/hal/evdev"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/oled"
)

// checkLink looks whether what a link needs is on this board: its token or
// password. It does not connect.
func checkLink(cfg config.Config, log *slog.Logger) error {
	switch l := cfg.Link; {
	case l.Hub != nil && l.Hub.DeviceKeyFile != "":
		_, err := deviceKey(l.Hub.DeviceKeyFile)
		return err
	case l.Hub != nil:
		_, err := options.PortToken(l.Hub.TokenFile, cfg)
		return err
	case l.VoicePing != nil:
		_, err := voicePingToken(l.VoicePing, cfg, log)
		return err
	}
	return nil
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
	p := b.PTT
	for _, in := range []struct {
		key string
		config.InputLine
	}{
		{"ptt", config.InputLine{Chip: p.Chip, Line: p.Line, Input: p.Input, Key: p.Key}},
		{"emergency", b.Emergency},
		{"cor", b.COR},
		{"record", b.Record},
		{"ptt_readback", b.PTTReadback},
		{"selector.a", b.Selector.A},
		{"selector.b", b.Selector.B},
		{"selector.c", b.Selector.C},
		{"selector.d", b.Selector.D},
	} {
		if in.Input != "" {
			check(in.key, evdev.Key{Device: in.Input, Name: in.Key}.Check())
		} else {
			check(in.key, checkLine(in.Chip, in.Line))
		}
	}
	for _, out := range []struct {
		key string
		config.OutputLine
	}{
		{"ptt_out", b.PTTOut},
		{"amplifier", b.Amplifier},
		{"heartbeat", b.Heartbeat},
		{"lamps.talk", b.Lamps.Talk},
		{"lamps.busy", b.Lamps.Busy},
		{"lamps.alert", b.Lamps.Alert},
		{"lamps.link", b.Lamps.Link},
		{"lamps.emergency", b.Lamps.Emergency},
	} {
		check(out.key, checkLine(out.Chip, out.Line))
	}
	if b.Panel.Kind != "none" {
		check("display", oled.Check(b.Panel.Bus))
	}
	check("sound.microphone", microphoneOf(b.Sound).Check(playerOf(b.Sound)))
	check("sound.speaker", speakerOf(b.Sound).Check(playerOf(b.Sound)))
	return errors.Join(errs...)
}

// checkLine looks whether a line is there, if it is wired.
func checkLine(chip, name string) error {
	switch {
	case chip == "":
		return nil
	case cm108.Names(chip):
		return cm108.Line{Chip: chip, Name: name}.Check()
	}
	return gpio.Line{Chip: chip, Name: name}.Check()
}

package drivers

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/hal/cm108"
	"github.com/talkgate/talkgate/hal/gpio"
)

// checkLink looks whether what a link needs is on this board: its token or
// password. It does not connect.
func checkLink(cfg config.Config, log *slog.Logger) error {
	switch l := cfg.Link; {
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
	for _, line := range []struct{ key, chip, name string }{
		{"ptt", b.PTT.Chip, b.PTT.Line},
		{"emergency", b.Emergency.Chip, b.Emergency.Line},
		{"cor", b.COR.Chip, b.COR.Line},
		{"ptt_out", b.PTTOut.Chip, b.PTTOut.Line},
		{"ptt_readback", b.PTTReadback.Chip, b.PTTReadback.Line},
		{"selector.a", b.Selector.A.Chip, b.Selector.A.Line},
		{"selector.b", b.Selector.B.Chip, b.Selector.B.Line},
		{"selector.c", b.Selector.C.Chip, b.Selector.C.Line},
		{"selector.d", b.Selector.D.Chip, b.Selector.D.Line},
		{"amplifier", b.Amplifier.Chip, b.Amplifier.Line},
		{"heartbeat", b.Heartbeat.Chip, b.Heartbeat.Line},
		{"lamps.talk", b.Lamps.Talk.Chip, b.Lamps.Talk.Line},
		{"lamps.busy", b.Lamps.Busy.Chip, b.Lamps.Busy.Line},
		{"lamps.alert", b.Lamps.Alert.Chip, b.Lamps.Alert.Line},
		{"lamps.link", b.Lamps.Link.Chip, b.Lamps.Link.Line},
		{"lamps.emergency", b.Lamps.Emergency.Chip, b.Lamps.Emergency.Line},
	} {
		check(line.key, checkLine(line.chip, line.name))
	}
	check("sound.microphone", sideOf(b.Sound.Microphone).Check())
	check("sound.speaker", sideOf(b.Sound.Speaker).Check())
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

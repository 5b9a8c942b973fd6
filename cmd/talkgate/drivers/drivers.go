package drivers

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/echotest"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/evdev"
	"github.com/talkgate/talkgate/hal/gpio"
	"github.com/talkgate/talkgate/hal/oled"
	"github.com/talkgate/talkgate/hal/sound"
	"github.com/talkgate/talkgate/state/redis"
)

// drivers are those of this program.
type drivers struct {
	in  io.Reader // moves a virtual radio
	out io.Writer // where a virtual radio tells of itself
}

// New are the drivers of this program. A virtual radio is moved by lines of in
// and tells of itself on out.
func New(in io.Reader, out io.Writer) daemon.Drivers { return drivers{in, out} }

// Hardware implements Drivers.
func (d drivers) Hardware(cfg config.Hardware, quit func()) (daemon.Board, error) {
	return openHardware(cfg, d.in, d.out, quit)
}

// ShowMissing implements Drivers. The panel may be what is missing; then there is
// nothing to show it on.
func (d drivers) ShowMissing(cfg config.Hardware) (end func()) {
	if cfg.Board == nil {
		return func() {}
	}
	panel, err := gpio.OpenPanel(panelLines(cfg.Board.Lamps))
	if err != nil {
		return func() {}
	}
	_ = panel.Show(hal.Lamps{Alert: true})
	return func() { _ = panel.Close() }
}

// Display implements Drivers.
func (d drivers) Display(cfg config.Display) (hal.Display, error) {
	return oled.Open(cfg.Bus, displayOf(cfg))
}

func displayOf(cfg config.Display) oled.Config {
	address := uint16(0x3C)
	if cfg.Address == "0x3d" {
		address = 0x3D
	}
	return oled.Config{Address: address, SH1106: cfg.Kind == "sh1106", Turned: cfg.Turned}
}

// Mixer implements Drivers.
func (d drivers) Mixer(cfg config.Hardware) (controls []string, known string, err error) {
	if cfg.Board == nil {
		return nil, "", nil
	}
	return sound.DescribeMixer(microphoneOf(cfg.Board.Sound), speakerOf(cfg.Board.Sound))
}

// Inputs implements Drivers.
func (d drivers) Inputs() (names []string, err error) {
	all, err := evdev.List()
	for _, device := range all {
		names = append(names, device.Use())
	}
	return names, err
}

// Links implements Drivers.
func (d drivers) Links(cfg config.Config, on func() string, state *redis.Client, log *slog.Logger) (daemon.Links, error) {
	return openLinks(cfg, on, state, log)
}

// Check implements Drivers.
func (d drivers) Check(cfg config.Config, hardware bool, log *slog.Logger) error {
	err := checkLink(cfg, log)
	if hardware {
		err = errors.Join(err, checkHardware(cfg.Hardware))
	}
	return err
}

// Parrot implements Drivers.
func (d drivers) Parrot(ctx context.Context, cfg config.Config, log *slog.Logger) (echotest.Result, error) {
	return parrot(ctx, cfg, log)
}

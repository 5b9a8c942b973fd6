// Package oled drives a small display of 128 x 64 points by an SSD1306 or an SH1106 on an
// I²C bus.
//
// Both controllers are written page by page (SSD1306 datasheet, section 10.1.3; SH1106
// datasheet, "Page Address"), which is all that the SH1106 knows. Its memory is 132 columns
// wide and the glass shows the middle of it. A page that did not change is not sent.
package oled

import (
	"errors"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Bus is the part of periph's i2c.Bus that is used: one write to the device at addr.
type Bus interface {
	Tx(addr uint16, w, r []byte) error
}

// Config is what a display is.
type Config struct {
	// Address is that on the bus: 0x3c or 0x3d.
	Address uint16
	// SH1106 is the other controller.
	SH1106 bool
	// Turned is whether it is mounted upside down.
	Turned bool
}

// refresh is how often everything is sent anew. A display that lost its supply for an
// instant answers again, but is dark.
const refresh = 10 * time.Second

// The first byte of a transfer says what follows.
const (
	commands = 0x00
	data     = 0x40
)

// Display implements hal.Display.
type Display struct {
	bus        Bus
	cfg        Config
	shown      hal.Picture
	brightness byte
	setUp      time.Time // when everything was sent; zero is never
}

// New is a display on bus. It is not touched before the first Show.
func New(bus Bus, cfg Config) *Display { return &Display{bus: bus, cfg: cfg} }

// Show implements hal.Display.
func (d *Display) Show(p hal.Picture, brightness byte) error {
	if err := d.show(p, brightness); err != nil {
		d.setUp = time.Time{}
		return fmt.Errorf("%w: display at %#x: %w", hal.ErrGone, d.cfg.Address, err)
	}
	return nil
}

func (d *Display) show(p hal.Picture, brightness byte) error {
	all := time.Since(d.setUp) >= refresh
	if all {
		if err := d.send(commands, d.init()...); err != nil {
			return err
		}
	}
	for page := range p {
		if !all && p[page] == d.shown[page] {
			continue
		}
		column := byte(0)
		if d.cfg.SH1106 {
			column = 2
		}
		if err := d.send(commands, 0xB0|byte(page), column, 0x10); err != nil {
			return err
		}
		if err := d.send(data, p[page][:]...); err != nil {
			return err
		}
		d.shown[page] = p[page]
	}
	if all || brightness != d.brightness {
		power := byte(0xAF)
		if brightness == 0 {
			power = 0xAE
		}
		if err := d.send(commands, 0x81, brightness, power); err != nil {
			return err
		}
		d.brightness = brightness
	}
	if all {
		d.setUp = time.Now()
	}
	return nil
}

// init sets a display up and leaves it as dark or lit as it is. A command that a controller
// does not have it does not do: 8D is the SSD1306's charge pump, AD that of the SH1106.
func (d *Display) init() []byte {
	columns, rows := byte(0xA1), byte(0xC8)
	if d.cfg.Turned {
		columns, rows = 0xA0, 0xC0
	}
	pump := []byte{0x8D, 0x14, 0x20, 0x02} // and page addressing
	if d.cfg.SH1106 {
		pump = []byte{0xAD, 0x8B}
	}
	return append(pump,
		0xA8, hal.PictureHeight-1, // as many rows
		0xD3, 0x00, 0x40, // from the first one on
		columns, rows,
		0xDA, 0x12, // how the glass is wired to them
		0xD5, 0x80, // the clock
		0xD9, 0xF1, // how long a point is charged
		0xDB, 0x40, // and to which voltage it is discharged
		0xA4, 0xA6, // show the memory, 1 is lit
	)
}

func (d *Display) send(what byte, bytes ...byte) error {
	return d.bus.Tx(d.cfg.Address, append([]byte{what}, bytes...), nil)
}

// Close implements hal.Display.
func (d *Display) Close() error {
	err := d.send(commands, 0xAE)
	if closer, ok := d.bus.(interface{ Close() error }); ok {
		err = errors.Join(err, closer.Close())
	}
	return err
}

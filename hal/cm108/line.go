package cm108

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
)

// Line says which pin it is and how it is wired.
type Line struct {
	// Chip names the interface, such as "usb:1-1.2" or "serial:c0ffee".
	Chip string
	// Name is that of the pin, such as "VOLDN" or "GPIO3".
	Name string
	// ActiveLow is true where the low level means active. A button that is
	// pressed, as the chip sees it, is low.
	ActiveLow bool
}

// String names the line in errors and logs.
func (l Line) String() string { return fmt.Sprintf("pin %s of radio interface %s", l.Name, l.Chip) }

// Check looks whether the interface is there, used or not, and has such a pin.
func (l Line) Check() error {
	if _, err := parsePin(l.Name); err != nil {
		return fmt.Errorf("%v: %w", l, err)
	}
	if _, err := find(sysfs, l.Chip); err != nil {
		return fmt.Errorf("%v: %w", l, err)
	}
	return nil
}

// open opens the interface's device.
func (l Line) open() (*os.File, error) {
	d, err := find(sysfs, l.Chip)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join("/dev", d.node), os.O_RDWR|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; expected a udev rule that gives the device to group gpio, as the package has one", err)
	case err != nil:
		return nil, gone(err)
	}
	return f, nil
}

// gone makes of the kernel's error for a device that was unplugged one that wraps
// hal.ErrGone.
func gone(err error) error {
	for _, no := range []error{unix.ENODEV, unix.ENXIO, unix.EIO, unix.ENOENT, unix.ESHUTDOWN, unix.EPROTO} {
		if errors.Is(err, no) {
			return fmt.Errorf("it vanished (%w): %w", err, hal.ErrGone)
		}
	}
	return err
}

package cm108

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/talkgate/talkgate/hal"
)

// Prefixes of the names of interfaces.
const (
	bySocket = "usb:"
	bySerial = "serial:"
	byCard   = "card:"
)

// Names reports whether chip names an interface of this package.
func Names(chip string) bool {
	return slices.ContainsFunc([]string{bySocket, bySerial, byCard}, func(prefix string) bool { return strings.HasPrefix(chip, prefix) })
}

// sysfs is where the kernel lists its devices by class.
const sysfs = "/sys/class"

// device is one of them.
type device struct {
	node   string // such as "hidraw0"
	socket string // such as "1-1.2"; another directory's name if it is not on USB
	serial string // may be empty
	name   string
}

// is reports whether chip names the device.
func (d device) is(chip string) bool {
	if socket, ok := strings.CutPrefix(chip, bySocket); ok {
		return d.socket == socket
	}
	serial, ok := strings.CutPrefix(chip, bySerial)
	return ok && serial != "" && d.serial == serial
}

func (d device) String() string {
	return fmt.Sprintf("%q in %s%s, %s%s", d.name, bySocket, d.socket, bySerial, d.serial)
}

// find looks for the one device below dir that chip names.
func find(dir, chip string) (device, error) {
	if id, ok := strings.CutPrefix(chip, byCard); ok {
		socket, err := socketOfCard(dir, id)
		if err != nil {
			return device{}, err
		}
		chip = bySocket + socket
	}
	all, _ := filepath.Glob(filepath.Join(dir, "hidraw", "hidraw*")) // the pattern is right
	var named []device
	var found []string
	for _, path := range all {
		d, err := readDevice(path)
		if err != nil {
			continue // it is just vanishing
		}
		if d.is(chip) {
			named = append(named, d)
		}
		found = append(found, d.String())
	}
	slices.Sort(found)
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return device{}, fmt.Errorf("expected one radio interface %s, found %d of %s", chip, len(named), strings.Join(found, "; "))
	case found == nil:
		return device{}, fmt.Errorf("expected radio interface %s, found none: %w", chip, hal.ErrGone)
	}
	return device{}, fmt.Errorf("expected radio interface %s, found only %s: %w", chip, strings.Join(found, "; "), hal.ErrGone)
}

// socketOfCard is the USB socket of the sound card with an ALSA ID.
func socketOfCard(dir, id string) (string, error) {
	cards, _ := filepath.Glob(filepath.Join(dir, "sound", "card*")) // the pattern is right
	for _, path := range cards {
		// The device of a card is an interface of its socket.
		if text, err := os.ReadFile(filepath.Join(path, "id")); err != nil || strings.TrimSpace(string(text)) != id {
			continue
		}
		if at, err := filepath.EvalSymlinks(filepath.Join(path, "device")); err == nil {
			return filepath.Base(filepath.Dir(at)), nil
		}
	}
	return "", fmt.Errorf("expected a sound card %q with a radio interface, found none: %w", id, hal.ErrGone)
}

// readDevice reads what the kernel says about a device.
func readDevice(path string) (device, error) {
	// The device is below an interface, such as 1-1.2:1.3, of its socket, 1-1.2.
	at, err := filepath.EvalSymlinks(filepath.Join(path, "device"))
	if err != nil {
		return device{}, err
	}
	text, err := os.ReadFile(filepath.Join(at, "uevent"))
	if err != nil {
		return device{}, err
	}
	d := device{node: filepath.Base(path), socket: filepath.Base(filepath.Dir(filepath.Dir(at)))}
	for line := range strings.Lines(string(text)) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "HID_UNIQ":
			d.serial = value
		case "HID_NAME":
			d.name = value
		}
	}
	return d, nil
}

package oled

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
)

// Open opens the display on a bus of the kernel, such as i2c-1. The display itself may be
// missing still: that shows with the first picture. The error wraps hal.ErrGone when there
// is no such bus.
func Open(bus string, cfg Config) (*Display, error) {
	b, err := openBus(filepath.Join("/dev", bus))
	if err != nil {
		return nil, err
	}
	return New(b, cfg), nil
}

// Check looks whether a bus is there and may be used. It sends nothing.
func Check(bus string) error {
	b, err := openBus(filepath.Join("/dev", bus))
	if err != nil {
		return err
	}
	return b.Close()
}

// kernelBus is a bus by the kernel's character device (Documentation/i2c/dev-interface).
type kernelBus struct {
	file *os.File
	addr uint16
}

// i2cSlave says to which device of the bus the file writes (linux/i2c-dev.h).
const i2cSlave = 0x0703

func openBus(path string) (*kernelBus, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s: switch the bus on (dtparam=i2c_arm=on) and load i2c-dev", hal.ErrGone, path)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w: add the port's user to the group of %s", err, path)
	}
	if err != nil {
		return nil, err
	}
	return &kernelBus{file: file}, nil
}

// Tx implements Bus; it only writes.
func (b *kernelBus) Tx(addr uint16, w, _ []byte) error {
	if addr != b.addr {
		if err := unix.IoctlSetInt(int(b.file.Fd()), i2cSlave, int(addr)); err != nil {
			return err
		}
		b.addr = addr
	}
	_, err := b.file.Write(w)
	return err
}

// Close implements io.Closer.
func (b *kernelBus) Close() error { return b.file.Close() }

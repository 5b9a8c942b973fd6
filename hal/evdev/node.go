package evdev

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
)

// node is a device file that is open and grabbed.
type node interface {
	// read waits until deadline for events.
	read(buf []byte, deadline time.Time) (n int, err error)
	// pressed reads which keys are down now.
	pressed() (keySet, error)
	Close() error
}

// event is struct input_event of linux/input.h. Its time has the size of the machine's
// long.
type event struct {
	Sec, Usec  long
	Type, Code uint16
	Value      int32
}

const (
	eventSize = int(unsafe.Sizeof(event{}))

	typeSync, typeKey = 0, 1
	syncReport        = 0
	syncDropped       = 3
)

// at is when it happened, on the kernel's monotonic clock.
func (e event) at() time.Duration {
	return time.Duration(e.Sec)*time.Second + time.Duration(e.Usec)*time.Microsecond
}

func decode(b []byte) (e event) {
	_, _ = binary.Decode(b, binary.NativeEndian, &e) // the caller has as much
	return e
}

// file is a node of the kernel.
type file struct{ f *os.File }

// openNode opens a device file, has its events stamped with the monotonic clock, and
// grabs it unless it is only listened to.
func openNode(path string, grab bool) (node, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; the user has to be in group input", err)
	case err != nil:
		return nil, gone(err)
	}
	n := file{f}
	if err := n.control(func(fd int) error { return unix.IoctlSetPointerInt(fd, setClock, unix.CLOCK_MONOTONIC) }); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if grab {
		err := n.control(func(fd int) error { return unix.IoctlSetInt(fd, setGrab, 1) })
		if errors.Is(err, unix.EBUSY) {
			err = errors.New("expected it to be free, found it grabbed by another program")
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return n, nil
}

// Requests of linux/input.h: EVIOCSCLOCKID, EVIOCGRAB, EVIOCGKEY.
const (
	writes, reads = uint(1), uint(2)
	setClock      = writes<<30 | 4<<16 | 'E'<<8 | 0xa0
	setGrab       = writes<<30 | 4<<16 | 'E'<<8 | 0x90
	getKeys       = reads<<30 | uint(unsafe.Sizeof(keySet{}))<<16 | 'E'<<8 | 0x18
)

// control calls fn with the descriptor.
func (n file) control(fn func(fd int) error) error {
	raw, err := n.f.SyscallConn()
	if err != nil {
		return gone(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = fn(int(fd)) })
	return gone(errors.Join(err, failed))
}

func (n file) read(buf []byte, deadline time.Time) (int, error) {
	if err := n.f.SetReadDeadline(deadline); err != nil {
		return 0, gone(err)
	}
	read, err := n.f.Read(buf)
	return read, gone(err)
}

func (n file) pressed() (s keySet, err error) {
	err = n.control(func(fd int) error {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(getKeys), uintptr(unsafe.Pointer(&s))); errno != 0 {
			return errno
		}
		return nil
	})
	return s, err
}

func (n file) Close() error { return n.f.Close() }

// gone makes of the kernel's error for a device that vanished one that wraps
// hal.ErrGone.
func gone(err error) error {
	for _, no := range []error{unix.ENODEV, unix.ENXIO, unix.ENOENT, unix.EIO} {
		if errors.Is(err, no) {
			return fmt.Errorf("it vanished (%w): %w", err, hal.ErrGone)
		}
	}
	return err
}

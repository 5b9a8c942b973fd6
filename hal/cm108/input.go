package cm108

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/contact"
)

// lookEvery is how often a pin that does not change makes a turn.
const lookEvery = time.Second

// InputConfig is a pin that is read.
type InputConfig struct {
	Line
	contact.Config
}

// Input is a pin that is read. It implements hal.Input.
type Input struct {
	*contact.Contact
	line   Line
	pin    pin
	file   *os.File
	closed atomic.Bool
	closer sync.Once
	active bool // by the last report; of run
}

// OpenInput opens an interface and follows a pin of it. The error wraps
// hal.ErrGone when the interface is not there.
func OpenInput(cfg InputConfig) (*Input, error) {
	p, err := parsePin(cfg.Name)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cfg.Line, err)
	}
	f, err := cfg.open()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cfg.Line, err)
	}
	in := &Input{line: cfg.Line, pin: p, file: f}
	// Not every interface can be asked; then the first report tells.
	var report [1 + reportSize]byte
	if n, err := getReport(f, report[:]); err == nil {
		in.onReport(report[min(1, n):n])
	}
	in.Contact = contact.New(cfg.Config, time.Now(), in.active)
	go in.run()
	return in, nil
}

// onReport reads the level of the pin from a report.
func (in *Input) onReport(report []byte) {
	if high, ok := in.pin.level(report); ok {
		in.active = high != in.line.ActiveLow
	}
}

// Close implements hal.Input.
func (in *Input) Close() error {
	in.closer.Do(in.Stop)
	var err error
	if !in.closed.Swap(true) {
		err = in.file.Close()
	}
	in.Wait()
	return err
}

func (in *Input) run() {
	err := in.follow()
	if !in.closed.Swap(true) {
		_ = in.file.Close() // nothing was written
	}
	in.End(err)
}

// follow delivers edges until the line ends, and returns why.
func (in *Input) follow() error {
	// Longer than a report, so that one of another size is seen to be so.
	var report [16]byte
	for {
		if err := in.file.SetReadDeadline(in.Turn(lookEvery)); err != nil {
			return in.wrap(err)
		}
		n, err := in.file.Read(report[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return in.wrap(err)
		default:
			in.onReport(report[:n])
		}
		in.See(in.active, in.Now())
	}
}

func (in *Input) wrap(err error) error {
	if in.closed.Load() {
		return fmt.Errorf("%v: %w", in.line, hal.ErrClosed)
	}
	return fmt.Errorf("%v: %w", in.line, gone(err))
}

// getReport asks the interface for an input report (HIDIOCGINPUT of
// linux/hidraw.h), which follows its number, 0, in buf.
func getReport(f *os.File, buf []byte) (n int, err error) {
	const readWrite, hid, getInput = uintptr(3), uintptr('H'), uintptr(0x0a)
	request := readWrite<<30 | uintptr(len(buf))<<16 | hid<<8 | getInput
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno unix.Errno
	err = raw.Control(func(fd uintptr) {
		var size uintptr
		size, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(unsafe.SliceData(buf))))
		n = int(size)
	})
	if errno != 0 {
		return 0, errors.Join(err, errno)
	}
	return min(max(n, 0), len(buf)), err
}

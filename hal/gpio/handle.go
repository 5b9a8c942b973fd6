package gpio

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/hal"
)

// handle is a request of lines that was granted. The kernel lets them go when it is closed, and
// when the process ends, however it ends.
type handle struct {
	name   string // of the lines, for errors
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool
}

func newHandle(name string, fd int) (*handle, error) {
	// Only a descriptor that does not block can be waited for with a deadline.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &handle{name: name, file: f, raw: raw}, nil
}

// levels reads the first n lines at once.
func (h *handle) levels(n int) (uapi.LineBitmap, error) {
	values := uapi.LineValues{Mask: uapi.NewLineBitMask(n)}
	err := h.control(func(fd uintptr) error { return uapi.GetLineValuesV2(fd, &values) })
	return values.Bits, err
}

// set drives the first line.
func (h *handle) set(active bool) error {
	values := uapi.LineValues{Mask: 1}
	if active {
		values.Bits = 1
	}
	return h.control(func(fd uintptr) error { return uapi.SetLineValuesV2(fd, values) })
}

// read waits until deadline for edges and returns their size in bytes. An edge
// that is there is read even when the deadline has passed.
func (h *handle) read(buf []byte, deadline time.Time) (n int, err error) {
	if err := h.file.SetReadDeadline(deadline); err != nil {
		return 0, h.wrap(err)
	}
	again := func(fd uintptr) bool {
		n, err = unix.Read(int(fd), buf)
		return !errors.Is(err, unix.EAGAIN)
	}
	waited := h.raw.Read(again)
	if errors.Is(waited, os.ErrDeadlineExceeded) {
		waited = h.raw.Control(func(fd uintptr) { again(fd) })
		if errors.Is(err, unix.EAGAIN) {
			return 0, os.ErrDeadlineExceeded
		}
	}
	return max(n, 0), h.wrap(errors.Join(waited, err))
}

// close lets the line go. Whoever waits for it is woken.
func (h *handle) close() error {
	if h.closed.Swap(true) {
		return nil
	}
	return h.file.Close()
}

// control calls fn with the descriptor unless it is closed.
func (h *handle) control(fn func(fd uintptr) error) error {
	var err error
	closed := h.raw.Control(func(fd uintptr) { err = fn(fd) })
	return h.wrap(errors.Join(closed, err))
}

func (h *handle) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case h.closed.Load():
		return fmt.Errorf("%s: %w", h.name, hal.ErrClosed)
	default:
		return fmt.Errorf("%s: %w", h.name, gone(err))
	}
}

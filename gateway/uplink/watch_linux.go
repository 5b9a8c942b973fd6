// Package uplink notices that the machine's way to the network has changed.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Groups of rtnetlink(7): links, addresses and routes that come and go.
const (
	groupLink      = 1 << 0
	groupIPv4Addr  = 1 << 4
	groupIPv4Route = 1 << 6
	groupIPv6Addr  = 1 << 8
	groupIPv6Route = 1 << 10
	groups         = groupLink | groupIPv4Addr | groupIPv4Route | groupIPv6Addr | groupIPv6Route
)

// Watch calls changed after each change of the machine's links, addresses or routes, until
// ctx ends. Most changes are of no consequence: changed has to find out.
func Watch(ctx context.Context, changed func()) error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, syscall.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("rtnetlink: %w", os.NewSyscallError("socket", err))
	}
	socket := os.NewFile(uintptr(fd), "rtnetlink")
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	defer socket.Close()
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: groups}); err != nil {
		return fmt.Errorf("rtnetlink: %w", os.NewSyscallError("bind", err))
	}
	buf := make([]byte, 4096) // what is in it does not matter
	for {
		// ENOBUFS says that there were more changes than the kernel could keep.
		if _, err := socket.Read(buf); err != nil && !errors.Is(err, syscall.ENOBUFS) {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("rtnetlink: %w", err)
		}
		changed()
	}
}

package conn

import (
	"context"
	"net"
	"slices"
	"sync"
	"syscall"
)

// made are the connections that were made and are open. The zero value is ready.
type made struct {
	mu  sync.Mutex
	all []net.Conn
}

// note has dial remember what it makes. The connections stay what they are: go-redis looks
// at their sockets.
func (m *made) note(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.all = append(slices.DeleteFunc(m.all, isClosed), c)
		return c, nil
	}
}

// isClosed reports whether we closed a connection.
func isClosed(c net.Conn) bool {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = wrapped.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return true // it is nothing of ours to end
	}
	raw, err := socket.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// NetworkChanged closes the connections that began at an address from which nothing leaves
// for their server any more: nothing would come back on them, and what waits for an answer
// would wait for all of CommandTimeout.
func (c *Conn) NetworkChanged() {
	c.made.mu.Lock()
	defer c.made.mu.Unlock()
	c.made.all = slices.DeleteFunc(c.made.all, func(conn net.Conn) bool {
		if !isStale(conn) {
			return false
		}
		_ = conn.Close()
		return true
	})
}

// isStale reports whether packets to the other end would leave from another address now, or
// have no way at all.
func isStale(c net.Conn) bool {
	began, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	now, err := net.Dial("udp", c.RemoteAddr().String()) // it sends nothing
	if err != nil {
		return true
	}
	defer now.Close()
	return !now.LocalAddr().(*net.UDPAddr).IP.Equal(began.IP)
}

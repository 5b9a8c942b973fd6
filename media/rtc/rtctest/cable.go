// Package rtctest helps to test what uses WebRTC sessions.
package rtctest

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Cable is a UDP relay on the way to an answering side. Cut, it is as if the
// other end had been switched off: nobody is told.
type Cable struct {
	t     testing.TB
	mu    sync.Mutex
	conns []net.PacketConn
	lose  func(packet []byte) bool
	loops sync.WaitGroup
}

// Lose loses those packets of RTP, encrypted, in both directions, of which lose says
// so; it is called for one at a time. nil loses none.
func (c *Cable) Lose(lose func(packet []byte) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lose = lose
}

// loses says whether a packet is lost (RFC 7983, RFC 5761 section 4).
func (c *Cable) loses(b []byte) bool {
	if len(b) < 12 || b[0]&0xc0 != 0x80 || b[1] >= 192 && b[1] < 224 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lose != nil && c.lose(b)
}

// NewCable lays a cable that is removed with the test.
func NewCable(t testing.TB) *Cable {
	c := &Cable{t: t}
	t.Cleanup(c.Cut)
	return c
}

// Cut ends the relay for good.
func (c *Cable) Cut() {
	c.mu.Lock()
	for _, conn := range c.conns {
		_ = conn.Close() // twice does no harm
	}
	c.mu.Unlock()
	c.loops.Wait()
}

// Through returns an answer whose UDP candidates of IPv4 lead through the cable.
// It lets no others through.
func (c *Cable) Through(answer string) string {
	var b strings.Builder
	for line := range strings.Lines(answer) {
		rest, ok := strings.CutPrefix(line, "a=candidate:")
		fields := strings.Fields(rest)
		if !ok {
			b.WriteString(line)
			continue
		}
		if len(fields) < 8 || fields[2] != "udp" || net.ParseIP(fields[4]).To4() == nil {
			continue
		}
		at := c.relay(net.JoinHostPort(fields[4], fields[5]))
		fields[4], fields[5] = "127.0.0.1", strconv.Itoa(at)
		b.WriteString("a=candidate:" + strings.Join(fields, " ") + "\r\n")
	}
	return b.String()
}

// relay relays to an address and returns the port to send to.
func (c *Cable) relay(to string) int {
	c.t.Helper()
	target, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		c.t.Fatal(err)
	}
	near, far := c.listen(), c.listen()
	var peer net.Addr // of near; guarded by mu
	c.pump(near, func(b []byte, from net.Addr) {
		c.mu.Lock()
		peer = from
		c.mu.Unlock()
		_, _ = far.WriteTo(b, target)
	})
	c.pump(far, func(b []byte, _ net.Addr) {
		c.mu.Lock()
		back := peer
		c.mu.Unlock()
		if back != nil {
			_, _ = near.WriteTo(b, back)
		}
	})
	return near.LocalAddr().(*net.UDPAddr).Port
}

func (c *Cable) listen() net.PacketConn {
	c.t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn
}

func (c *Cable) pump(conn net.PacketConn, on func(b []byte, from net.Addr)) {
	c.loops.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if !c.loses(buf[:n]) {
				on(buf[:n], from)
			}
		}
	})
}

package icelite

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	// mtu is the largest datagram that is read.
	mtu = 1500
	// socketBuffer lets a burst of all talkers wait in the kernel, bytes.
	socketBuffer = 1 << 20
	// readPause is waited after a read that failed, so that a socket in trouble
	// does not spin.
	readPause = 50 * time.Millisecond
)

// carrier takes packets to a peer's address.
type carrier interface {
	// send sends b; from says which of our addresses it leaves from, as the
	// carrier's receive told. It keeps nothing.
	send(b, from []byte, to netip.AddrPort) error
}

// route is how a peer's packets reach us.
type route struct {
	via    carrier
	remote netip.AddrPort
}

// path is a route that a peer's check has shown to work, and the way back.
type path struct {
	route
	from []byte       // for carrier.send
	addr *net.UDPAddr // route.remote, for Batch; of a selected path only
}

func (p *path) send(b []byte) error { return p.via.send(b, p.from, p.remote) }

// socket is one UDP socket. One on all addresses of the machine answers from the
// address that was asked (IP_PKTINFO, RFC 3542 section 6), so it needs not know
// which addresses there are.
type socket struct {
	listener
	conn *net.UDPConn
	any  bool // it is on all addresses
	// batch sends several packets at once: the ipv4 or ipv6 packet connection.
	batch interface {
		WriteBatch(ms []ipv4.Message, flags int) (int, error)
	}
}

// listenUDP opens the socket of one address, or those of IPv4 and IPv6 for all of
// them. A machine without IPv6 does without.
func listenUDP(address string, dscp int) ([]*socket, error) {
	if address == "" {
		address = ":0"
	}
	addr, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, fmt.Errorf("UDP address %q: expected host:port: %w", address, err)
	}
	networks := []string{"udp4", "udp6"}
	if ip := addr.IP; ip != nil {
		if networks = []string{"udp6"}; ip.To4() != nil {
			networks = []string{"udp4"}
		}
	}
	var all []*socket
	var failed error
	for _, network := range networks {
		c, err := net.ListenUDP(network, addr)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		u := &socket{conn: c, any: addr.IP == nil || addr.IP.IsUnspecified()}
		bound := c.LocalAddr().(*net.UDPAddr).AddrPort()
		u.addr, u.port = bound.Addr().Unmap(), bound.Port()
		addr.Port = int(bound.Port()) // the same for both
		if err := u.prepare(dscp); err != nil {
			_ = c.Close()
			failed = errors.Join(failed, err)
			continue
		}
		all = append(all, u)
	}
	if len(all) == 0 || networks[0] == "udp4" && !all[0].addr.Is4() {
		for _, u := range all {
			_ = u.conn.Close()
		}
		return nil, fmt.Errorf("UDP address %q cannot be opened, free it or choose another: %w", address, failed)
	}
	return all, nil
}

func (u *socket) prepare(dscp int) error {
	_ = u.conn.SetReadBuffer(socketBuffer)  // as much as the kernel allows
	_ = u.conn.SetWriteBuffer(socketBuffer) // as well
	v4, v6 := ipv4.NewPacketConn(u.conn), ipv6.NewPacketConn(u.conn)
	u.batch = v6
	if u.addr.Is4() {
		u.batch = v4
		if err := v4.SetTOS(dscp << 2); err != nil && dscp != 0 {
			return fmt.Errorf("DSCP %d: %w", dscp, err)
		}
		if u.any {
			return v4.SetControlMessage(ipv4.FlagDst, true)
		}
		return nil
	}
	if err := v6.SetTrafficClass(dscp << 2); err != nil && dscp != 0 {
		return fmt.Errorf("DSCP %d: %w", dscp, err)
	}
	if u.any {
		return v6.SetControlMessage(ipv6.FlagDst, true)
	}
	return nil
}

// read receives until the socket is closed.
func (u *socket) read(s *Server) {
	buf, control := make([]byte, mtu), make([]byte, 128)
	in := newInbox(s)
	for {
		n, nc, _, from, err := u.conn.ReadMsgUDPAddrPort(buf, control)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Debug("UDP socket", "err", err)
			wait := time.NewTimer(readPause)
			select {
			case <-s.closing:
				wait.Stop()
				return
			case <-wait.C:
			}
			continue
		}
		in.receive(u, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), control[:nc], buf[:n])
	}
}

func (u *socket) send(b, from []byte, to netip.AddrPort) error {
	_, _, err := u.conn.WriteMsgUDPAddrPort(b, from, to)
	return err
}

// wayBack turns the control message that a packet came with into the one that an
// answer leaves with.
func (u *socket) wayBack(control []byte) []byte {
	if !u.any {
		return nil
	}
	if u.addr.Is4() {
		var cm ipv4.ControlMessage
		if cm.Parse(control) != nil || cm.Dst == nil {
			return nil
		}
		return (&ipv4.ControlMessage{Src: cm.Dst}).Marshal()
	}
	var cm ipv6.ControlMessage
	if cm.Parse(control) != nil || cm.Dst == nil {
		return nil
	}
	return (&ipv6.ControlMessage{Src: cm.Dst}).Marshal()
}

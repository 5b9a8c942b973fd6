package icelite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const (
	// maxTCP bounds the connections of ICE-TCP, and maxTCPAddress those of one
	// address.
	maxTCP, maxTCPAddress = 1024, 32
	// tcpSilence is how long a connection may say nothing.
	tcpSilence = 30 * time.Second
	// tcpBacklog bounds the packets that wait for a slow peer. One that does not
	// fit is dropped, as by a network.
	tcpBacklog = 64
)

// tcpListener takes peers over TCP, each packet behind its length (RFC 4571).
type tcpListener struct {
	listener
	l    net.Listener
	dscp int

	mu    sync.Mutex
	conns map[*tcpConn]struct{}
	from  map[netip.Addr]int
	over  bool
}

func listenTCP(address string, dscp int) (*tcpListener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("ICE-TCP address %q cannot be opened, free it or choose another: %w", address, err)
	}
	return newTCPListener(l, l.Addr().(*net.TCPAddr).AddrPort(), dscp), nil
}

// newTCPListener serves l; with nil it is given its connections by a listener that
// is shared.
func newTCPListener(l net.Listener, bound netip.AddrPort, dscp int) *tcpListener {
	t := &tcpListener{l: l, dscp: dscp, conns: map[*tcpConn]struct{}{}, from: map[netip.Addr]int{}}
	t.addr, t.port, t.tcp = bound.Addr().Unmap(), bound.Port(), true
	t.dual = bound.Addr().Is6() && bound.Addr().IsUnspecified()
	return t
}

func (t *tcpListener) close() {
	if t.l != nil {
		_ = t.l.Close() // its loop ends
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for c := range t.conns {
		_ = c.conn.Close()
	}
}

func (t *tcpListener) serve(s *Server) {
	for {
		conn, err := t.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, perhaps
			wait := time.NewTimer(readPause)
			select {
			case <-s.closing:
				wait.Stop()
				return
			case <-wait.C:
			}
			continue
		}
		t.accept(s, conn)
	}
}

// accept serves one connection, unless the limit of connections is reached.
func (t *tcpListener) accept(s *Server, conn net.Conn) {
	remote := netip.AddrPort{}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		remote = netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	c := &tcpConn{conn: conn, remote: remote, out: make(chan []byte, tcpBacklog), over: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || len(t.conns) >= maxTCP || t.from[remote.Addr()] >= maxTCPAddress {
		_ = conn.Close()
		return
	}
	t.conns[c] = struct{}{}
	t.from[remote.Addr()]++
	if t.dscp != 0 { // a mark that cannot be set is none
		raw := conn
		if p, ok := conn.(*peeked); ok {
			raw = p.Conn
		}
		_ = ipv4.NewConn(raw).SetTOS(t.dscp << 2)
		_ = ipv6.NewConn(raw).SetTrafficClass(t.dscp << 2)
	}
	s.loops.Go(c.write)
	s.loops.Go(func() {
		c.read(s)
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.conns, c)
		if t.from[remote.Addr()]--; t.from[remote.Addr()] == 0 {
			delete(t.from, remote.Addr())
		}
	})
}

// tcpConn is one connection of a peer.
type tcpConn struct {
	conn   net.Conn
	remote netip.AddrPort
	out    chan []byte // framed
	over   chan struct{}
}

func (c *tcpConn) read(s *Server) {
	defer func() { close(c.over); _ = c.conn.Close() }()
	in := newInbox(s)
	buf := make([]byte, 2+mtu)
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(tcpSilence)) // fails on a closed one only
		if _, err := io.ReadFull(c.conn, buf[:2]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(buf))
		if n == 0 || n > mtu {
			return
		}
		if _, err := io.ReadFull(c.conn, buf[2:2+n]); err != nil {
			return
		}
		in.receive(c, c.remote, nil, buf[2:2+n])
	}
}

func (c *tcpConn) write() {
	for {
		select {
		case <-c.over:
			return
		case b := <-c.out:
			_ = c.conn.SetWriteDeadline(time.Now().Add(tcpSilence)) // fails on a closed one only
			if _, err := c.conn.Write(b); err != nil {
				_ = c.conn.Close() // the reader ends
				return
			}
		}
	}
}

var errTCPFull = errors.New("the peer's TCP connection is too slow")

func (c *tcpConn) send(b, _ []byte, _ netip.AddrPort) error {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(b)), uint16(len(b)))
	select {
	case c.out <- append(framed, b...):
		return nil
	default:
		return errTCPFull
	}
}

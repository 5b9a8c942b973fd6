package icelite

import (
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// firstByteTime is how long a connection may wait with its first byte.
	firstByteTime = 10 * time.Second
	// maxUndecided bounds the connections that have not sent one.
	maxUndecided = 512
)

// Share returns a listener on the port of l that leaves ICE-TCP to the server, and
// announces l's address for it: one TCP port serves HTTP or HTTPS, and media. The
// first byte tells them apart: a packet is shorter than 4096 bytes, so its length
// (RFC 4571) begins with less than 16, which no HTTP and no TLS does.
func (s *Server) Share(l net.Listener) net.Listener {
	bound := l.Addr().(*net.TCPAddr).AddrPort()
	t := newTCPListener(nil, bound, s.cfg.DSCP)
	s.mu.Lock()
	s.tcp = t
	s.mu.Unlock()
	sh := &shared{Listener: l, server: s, tcp: t, others: make(chan net.Conn), closed: make(chan struct{}), room: make(chan struct{}, maxUndecided)}
	go sh.accept()
	return sh
}

// shared is a listener that gives out the connections that are not ICE-TCP.
type shared struct {
	net.Listener
	server *Server
	tcp    *tcpListener
	others chan net.Conn
	room   chan struct{} // one for each undecided connection

	once   sync.Once
	closed chan struct{}
	mu     sync.Mutex
	err    error // of the listener
}

// Accept returns the next connection that is not ICE-TCP.
func (s *shared) Accept() (net.Conn, error) {
	select {
	case c := <-s.others:
		return c, nil
	case <-s.closed:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err != nil {
			return nil, s.err
		}
		return nil, net.ErrClosed
	}
}

// Close closes the listener. Connections go on.
func (s *shared) Close() error {
	err := s.Listener.Close()
	s.once.Do(func() { close(s.closed) })
	return err
}

func (s *shared) accept() {
	for {
		c, err := s.Listener.Accept()
		var temporary net.Error
		switch {
		case errors.Is(err, net.ErrClosed), err != nil && !errors.As(err, &temporary):
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			s.once.Do(func() { close(s.closed) })
			return
		case err != nil:
			wait := time.NewTimer(readPause) // out of descriptors, perhaps
			select {
			case <-s.closed:
				wait.Stop()
				return
			case <-wait.C:
			}
			continue
		}
		select {
		case s.room <- struct{}{}:
			go func() {
				defer func() { <-s.room }()
				s.decide(c)
			}()
		default:
			_ = c.Close() // too many wait
		}
	}
}

// decide waits for the first byte and hands over the connection.
func (s *shared) decide(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(firstByteTime)) // fails on a closed one only
	p := &peeked{Conn: c}
	if _, err := c.Read(p.first[:]); err != nil {
		_ = c.Close()
		return
	}
	p.left = true
	_ = c.SetReadDeadline(time.Time{})
	if p.first[0] < 16 {
		select {
		case <-s.server.closing:
			_ = c.Close()
		default:
			s.tcp.accept(s.server, p)
		}
		return
	}
	select {
	case s.others <- p:
	case <-s.closed:
		_ = c.Close()
	}
}

// peeked is a connection whose first byte was read.
type peeked struct {
	net.Conn
	first [1]byte
	left  bool // it has not been given out
}

// Read returns the first byte, then what follows.
func (p *peeked) Read(b []byte) (int, error) {
	if p.left && len(b) > 0 {
		p.left = false
		b[0] = p.first[0]
		return 1, nil
	}
	return p.Conn.Read(b)
}

package redis

import (
	"bytes"
	"net"
	"sync"
)

// buffered gives a pipe what every socket has: room for what was written and not
// yet read. Without it two ends that both write wait for each other.
type buffered struct {
	net.Conn
	written chan []byte
	closed  chan struct{}
	close   func()
}

func buffer(conn net.Conn) *buffered {
	closed := make(chan struct{})
	b := &buffered{
		Conn: conn, written: make(chan []byte, 256), closed: closed,
		close: sync.OnceFunc(func() { close(closed) }),
	}
	go func() {
		for {
			select {
			case p := <-b.written:
				if _, err := b.Conn.Write(p); err != nil {
					_ = b.Close()
				}
			case <-b.closed:
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.written <- bytes.Clone(p):
		return len(p), nil
	case <-b.closed:
		return 0, net.ErrClosed
	}
}

func (b *buffered) Close() error {
	b.close()
	return b.Conn.Close()
}

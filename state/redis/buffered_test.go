package redis

import (
	"net"
	"sync"
)

// buffered gives a pipe what every socket has: room for what was written and not
// yet read. Without it two ends that both write wait for each other.
type buffered struct {
	net.Conn
	written chan []byte
	closing sync.Once
}

func buffer(conn net.Conn) *buffered {
	b := &buffered{Conn: conn, written: make(chan []byte, 256)}
	go func() {
		for p := range b.written {
			if _, err := b.Conn.Write(p); err != nil {
				_ = b.Conn.Close()
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (n int, err error) {
	defer func() {
		if recover() != nil { // closed meanwhile
			n, err = 0, net.ErrClosed
		}
	}()
	b.written <- append([]byte(nil), p...)
	return len(p), nil
}

func (b *buffered) Close() error {
	b.closing.Do(func() { close(b.written) })
	return b.Conn.Close()
}

package icelite

import (
	"github.com/pion/rtp"
	"golang.org/x/net/ipv4"
)

// batchSize is how many packets one system call sends at most.
const batchSize = 64

// Batch sends packets to many subscribers with few system calls (sendmmsg(2)). Its zero
// value is ready. One goroutine uses it at a time.
type Batch struct {
	queues []queue // one for each socket
	failed int     // packets that could not be sent since the last Flush
}

// queue is what waits for one socket. ipv6.Message is the same type.
type queue struct {
	socket   *socket
	messages []ipv4.Message // with room for a packet each
	n        int            // of them are filled
}

// Queue is WriteRTP by way of a batch: the packet leaves with the batch's next Flush at
// the latest. It allocates nothing.
func (l *Subscriber) Queue(b *Batch, p *rtp.Packet) error {
	to, err := l.ready()
	if to == nil {
		return err
	}
	u, ok := to.via.(*socket)
	if !ok { // TCP, which has a queue of its own
		return l.WriteRTP(p)
	}
	q := b.queue(u)
	m := q.next()
	sealed, err := l.seal(m.Buffers[0][:mtu], p)
	if err != nil {
		return err
	}
	m.Buffers[0], m.OOB, m.Addr = sealed, to.from, to.addr
	if q.n++; q.n == batchSize {
		b.failed += q.flush()
	}
	return nil
}

// Flush sends what is queued and returns how many packets could not be sent since the last
// one.
func (b *Batch) Flush() (failed int) {
	for i := range b.queues {
		b.failed += b.queues[i].flush()
	}
	failed, b.failed = b.failed, 0
	return failed
}

func (b *Batch) queue(u *socket) *queue {
	for i := range b.queues {
		if b.queues[i].socket == u {
			return &b.queues[i]
		}
	}
	b.queues = append(b.queues, queue{socket: u})
	return &b.queues[len(b.queues)-1]
}

// next is the first message that is free.
func (q *queue) next() *ipv4.Message {
	if q.n == len(q.messages) {
		q.messages = append(q.messages, ipv4.Message{Buffers: [][]byte{make([]byte, mtu)}})
	}
	return &q.messages[q.n]
}

// flush sends what waits. A packet that the kernel refuses holds up no other.
func (q *queue) flush() (failed int) {
	for rest := q.messages[:q.n]; len(rest) > 0; {
		n, err := q.socket.batch.WriteBatch(rest, 0)
		n = max(n, 0)
		if err != nil || n == 0 {
			failed++
			n++
		}
		rest = rest[n:]
	}
	q.n = 0
	return failed
}

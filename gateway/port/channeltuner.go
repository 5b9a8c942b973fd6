package port

import (
	"sync"
	"sync/atomic"

	"github.com/talkgate/talkgate/state/redis"
)

// tuner is which channel a port is on, and the only way of its frames to a link.
// While the selector is between two channels there is none: the gate is barred and
// nothing is sent. Any goroutine may use it.
type tuner struct {
	gate *TalkGate

	mu     sync.Mutex
	on     *Channel // nil for none
	rights redis.Rights
	frames tunedLink
}

// may takes in the user's rights. Rights that cannot be read neither bar nor give
// back.
func (t *tuner) may(r redis.Rights) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Known {
		t.rights = r
		t.bar()
	}
}

// set is the port on a channel, or on none.
func (t *tuner) set(c *Channel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = c
	t.frames.set(c)
	t.bar()
}

func (t *tuner) bar() {
	t.gate.Bar(t.on == nil || t.rights.Known && !t.rights.MayTalk(t.on.ID))
}

// known are the user's rights as they were read last.
func (t *tuner) known() redis.Rights {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rights
}

// tunedLink sends to the link of a channel that may change, or to none.
type tunedLink struct{ to atomic.Pointer[Channel] }

func (l *tunedLink) set(c *Channel) { l.to.Store(c) }

// WriteOpus implements opusWriter.
func (l *tunedLink) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	c := l.to.Load()
	if c == nil {
		return ErrLinkDown
	}
	return c.Link.WriteOpus(frame, timestamp, first)
}

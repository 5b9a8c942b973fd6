package port

import (
	"sync"
	"sync/atomic"

	"github.com/talkgate/talkgate/gateway/port/sender"
	"github.com/talkgate/talkgate/state/redis"
)

// route is the channel that a port is on, and the only way of its frames to a link. While
// the selector is between two channels there is none: the gate is barred and nothing is
// sent. Any goroutine may use it.
type route struct {
	gate *sender.TalkGate
	tap  Tap // nil where nobody looks

	mu     sync.Mutex
	on     *Channel // nil for none
	rights redis.Rights

	to atomic.Pointer[Channel] // on, for WriteOpus
}

// setRights applies the user's rights, before anybody else learns of them. Rights that
// cannot be read neither bar nor give back.
func (r *route) setRights(rights redis.Rights) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rights.Known {
		r.rights = rights
		r.bar()
	}
}

// set puts the port on a channel, or on none.
func (r *route) set(c *Channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = c
	r.to.Store(c)
	r.bar()
}

func (r *route) bar() {
	r.gate.Bar(r.on == nil || r.rights.Known && !r.rights.MayTalk(r.on.ID))
}

// knownRights are the user's rights as they were last read.
func (r *route) knownRights() redis.Rights {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rights
}

// WriteOpus implements sender.Writer.
func (r *route) WriteOpus(frame []byte, timestamp uint32, first bool) error {
	c := r.to.Load()
	if c == nil {
		return ErrLinkDown
	}
	err := c.Link.WriteOpus(frame, timestamp, first)
	if r.tap != nil {
		r.tap.Sent(frame, timestamp, first, err)
	}
	return err
}

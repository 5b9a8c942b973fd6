package port

import (
	"context"
	"errors"
	"time"

	"github.com/talkgate/talkgate/media"
)

// Link is a port's media connection to one channel of a channel server.
type Link interface {
	// Run connects and keeps the connection up, with backoff and jitter, until
	// ctx ends; it then closes the connection, waits for what it started and
	// returns nil. It returns an error early only for what no retry can mend.
	Run(ctx context.Context, ev LinkEvents) error
	// WriteOpus sends one 20 ms Opus frame. timestamp is the sample index of
	// the frame's first sample, truncated as RTP does; first starts a talk
	// spurt and sets the marker bit. It neither blocks nor allocates; while
	// the link is down it returns ErrLinkDown. One goroutine writes.
	WriteOpus(frame []byte, timestamp uint32, first bool) error
	// Quality is how well the link carries. Any goroutine may ask.
	Quality() LinkQuality
}

// LinkQuality is how well a link carries.
type LinkQuality struct {
	// RTT is to the server and back; zero while it is not known.
	RTT time.Duration
	// In is what is heard, Out what is sent, as the server tells; both are counted
	// since the link was made, over all its connections.
	In, Out media.Reception
}

// LinkEvents is what a Link reports to its port. Its methods may be called from
// any goroutine and return at once.
type LinkEvents interface {
	// LinkUp says that frames now reach the server and come from it.
	LinkUp()
	// LinkDown says that they do not, and why, in words for a log; a reason
	// that wraps a LinkFault tells more. A link that stays down may say so
	// again with each attempt that failed.
	LinkDown(reason error)
	// Receive hands over one packet of another member's talk spurt. p.Opus is
	// the link's again when Receive returns.
	Receive(p media.Packet)
	// Emergency says that somebody speaks in an emergency on a channel that the link
	// hears besides the port's own, or does no more.
	Emergency(on bool)
}

// ErrLinkDown is returned by a Link that has no connection to send on.
var ErrLinkDown = errors.New("link is down")

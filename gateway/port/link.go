package port

import (
	"context"
	"errors"
	"time"

	"github.com/talkgate/talkgate/media"
)

// Link is a port's media connection to one channel of a channel server.
type Link interface {
	// Run connects and keeps the connection up, with back-off and jitter, until ctx
	// ends. It then closes the connection, waits for what it started and returns nil.
	// It returns an error early only if no retry can help.
	Run(ctx context.Context, ev LinkEvents) error
	// WriteOpus sends one Opus frame of 20 ms. timestamp is the index of its
	// first sample, truncated as RTP does; first begins a talk spurt and sets
	// the marker bit (RFC 7587 section 4). It neither blocks nor allocates;
	// while the link is down it returns ErrLinkDown. One goroutine writes.
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

// LinkEvents is what a Link reports to its port. Any goroutine may call its methods.
// LinkUp and LinkDown may wait until the port has room for the event; Receive never waits.
type LinkEvents interface {
	// LinkUp reports that frames now reach the server and come from it.
	LinkUp()
	// LinkDown reports that they do not, and why, in words for a log; a reason that
	// wraps a LinkFault says more. A link that stays down may report each attempt that
	// failed.
	LinkDown(reason error)
	// Receive delivers one packet of another member's talk spurt. p.Opus is the link's
	// again when Receive returns.
	Receive(p media.Packet)
	// Unheard reports that the server forwards nothing of what is said, and why, in a word;
	// empty when that is over.
	Unheard(reason string)
}

// ErrLinkDown is returned by a Link that has no connection to send on.
var ErrLinkDown = errors.New("link is down")

package room

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/talkgate/talkgate/gateway/link/livekit/wire"
)

var (
	// ErrPermission says that the server lets the member send again, which
	// takes a new session.
	ErrPermission = errors.New("may publish again")
	// ErrUnpublished says that the server withdrew the member's stream.
	ErrUnpublished = errors.New("the server withdrew what is published")
	// ErrUnacknowledged says that the server takes no notice of what is sent.
	ErrUnacknowledged = errors.New("the server does not acknowledge the port's voice")

	// ErrMuted says that the server, or a guard, mutes the member again and again
	// while it has the floor.
	ErrMuted = errors.New("the port is muted although it has the floor: a guard sees another Redis, or none")

	errRefused = errors.New("LiveKit has taken the permission to publish")
	errSilent  = errors.New("the server does not answer pings")
)

// RefusedError is an HTTP status in place of a session or a result.
type RefusedError struct {
	Status int
	Reason string
}

func (e *RefusedError) Error() string {
	what := e.Reason
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		what = "the token is expired, of another key, or not for this room (" + e.Reason + ")"
	case http.StatusNotFound:
		what = "there is no such room, and it may not be made, or this is no LiveKit server (" + e.Reason + ")"
	}
	return fmt.Sprintf("LiveKit answers %d: %s", e.Status, what)
}

// LeftError is the server's goodbye.
type LeftError struct {
	Reason wire.DisconnectReason
	// URLs are where else to go, best first.
	URLs []string
}

func (e *LeftError) Error() string { return "LiveKit ends the session: " + e.Reason.String() }

// Duplicate reports that somebody with the same identity has come. Coming back would
// end that one's session.
func (e *LeftError) Duplicate() bool { return e.Reason == wire.DisconnectReason_DUPLICATE_IDENTITY }

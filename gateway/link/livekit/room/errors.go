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

	errSilent = errors.New("the server does not answer pings")
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

// Final reports that coming back at once would be wrong: somebody with the same
// identity has come, or an administrator has ended it.
func (e *LeftError) Final() bool {
	switch e.Reason {
	case wire.DisconnectReason_DUPLICATE_IDENTITY, wire.DisconnectReason_PARTICIPANT_REMOVED, wire.DisconnectReason_ROOM_DELETED:
		return true
	}
	return false
}

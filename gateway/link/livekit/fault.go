package livekit

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/port"
)

// withFault adds the fault that the port shows for an error.
func withFault(err error, token string) error {
	var refused *room.RefusedError
	var left *room.LeftError
	fault := port.NoFault
	switch {
	case errors.As(err, &refused):
		switch refused.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			fault = port.LinkTokenRefused
			if at := room.Expiry(token); !at.IsZero() && time.Now().After(at) {
				fault = port.LinkTokenExpired
			}
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			fault = port.LinkLimited
		}
	case errors.As(err, &left) && left.Duplicate():
		fault = port.LinkDisconnected
	case errors.Is(err, room.ErrUnacknowledged), errors.Is(err, room.ErrMuted):
		fault = port.LinkUnheard
	case errors.Is(err, errBarred):
		fault = port.LinkNoMember
	}
	if fault == port.NoFault {
		return err
	}
	return fmt.Errorf("%w: %w", fault, err)
}

package livekit

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

// withFault tells what of an error somebody has to mend, or time will.
func withFault(err error, token string) error {
	var refused *room.RefusedError
	var left *room.LeftError
	fault := gateway.NoFault
	switch {
	case errors.As(err, &refused):
		switch refused.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			fault = gateway.LinkTokenRefused
			if at := room.Expiry(token); !at.IsZero() && time.Now().After(at) {
				fault = gateway.LinkTokenExpired
			}
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			fault = gateway.LinkLimited
		}
	case errors.As(err, &left) && left.Final():
		fault = gateway.LinkDisconnected
	case errors.Is(err, room.ErrUnacknowledged):
		fault = gateway.LinkUnheard
	case errors.Is(err, errBarred):
		fault = gateway.LinkNoMember
	}
	if fault == gateway.NoFault {
		return err
	}
	return fmt.Errorf("%w: %w", fault, err)
}

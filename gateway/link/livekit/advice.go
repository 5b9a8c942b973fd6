package livekit

import (
	"errors"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/link/retry"
)

func retryPolicy() retry.Policy {
	return retry.Policy{First: 200 * time.Millisecond, Longest: 15 * time.Second, Classify: advice}
}

// advice reads what the end of a session, or a refusal, says about the next attempt.
// Who was removed, or whose room was deleted, comes back as after a lost connection:
// the talk rights decide who may be in a room.
func advice(err error) retry.Advice {
	var left *room.LeftError
	switch {
	case errors.Is(err, room.ErrPermission):
		return retry.Advice{Now: true}
	case isUnauthorized(err), errors.As(err, &left) && left.Duplicate():
		// Nothing but another token, or the other's going, will help.
		return retry.Advice{Hopeless: true}
	}
	return retry.Advice{}
}

// isElsewhere reports whether another server may do better than the one that gave err.
func isElsewhere(err error) bool {
	var left *room.LeftError
	return !errors.Is(err, room.ErrPermission) && !isUnauthorized(err) && !errors.As(err, &left)
}

func isUnauthorized(err error) bool {
	var refused *room.RefusedError
	return errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden)
}

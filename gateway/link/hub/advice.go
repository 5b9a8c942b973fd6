package hub

import (
	"errors"
	"net/http"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
)

// maxRetryAfter bounds what a hub may ask for.
const maxRetryAfter = time.Minute

func retryPolicy() retry.Policy {
	return retry.Policy{First: 200 * time.Millisecond, Longest: 15 * time.Second, Classify: advice}
}

// advice reads what a hub's refusal says about the next attempt.
func advice(err error) retry.Advice {
	if errors.Is(err, errBetter) {
		return retry.Advice{Now: true}
	}
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return retry.Advice{}
	}
	a := retry.Advice{Wait: min(refused.RetryAfter, maxRetryAfter)}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		// Nothing but another token, or other rights, will help.
		a.Hopeless = true
	}
	return a
}

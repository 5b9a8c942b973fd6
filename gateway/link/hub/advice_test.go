package hub

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
)

func TestRefusalsSetTheWait(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want retry.Advice
	}{
		"Retry-After":      {&RefusedError{Status: http.StatusConflict, RetryAfter: 3 * time.Second}, retry.Advice{Wait: 3 * time.Second}},
		"long Retry-After": {&RefusedError{Status: http.StatusServiceUnavailable, RetryAfter: time.Hour}, retry.Advice{Wait: maxRetryAfter}},
		"unauthorized":     {&RefusedError{Status: http.StatusUnauthorized}, retry.Advice{Hopeless: true}},
		"forbidden":        {&RefusedError{Status: http.StatusForbidden}, retry.Advice{Hopeless: true}},
		"conflict":         {&RefusedError{Status: http.StatusConflict}, retry.Advice{}},
		"no route":         {errors.New("no route"), retry.Advice{}},
	} {
		if got := advice(c.err); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestRetryAfterHasTwoForms(t *testing.T) {
	for v, want := range map[string]time.Duration{
		"":       0,
		"3":      3 * time.Second,
		"-3":     0,
		"soon":   0,
		"999999": maxRetryAfter,
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(v); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
	if got := retryAfter(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); got < 59*time.Minute || got > time.Hour {
		t.Errorf("in an hour: %v", got)
	}
}

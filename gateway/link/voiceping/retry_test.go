package voiceping

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/retry"
	"github.com/talkgate/talkgate/gateway/port"
)

// caller is a gateway as far as its logins go.
type caller struct {
	*Logins
	retry.Backoff
}

func newCaller(sharing int) *caller {
	return &caller{NewLogins(sharing), retry.Backoff{Policy: retryPolicy()}}
}

// call logs in at now for a session that stands for lived and ends with err, and
// returns when the next one follows.
func (c *caller) call(now time.Time, err error, lived time.Duration) time.Time {
	c.dial(now)
	now = now.Add(lived)
	return now.Add(c.after(now, err, c.Next(err, lived)))
}

// TestNoWindowSeesMoreThanTheShare lets gateways fail in every way for a day.
func TestNoWindowSeesMoreThanTheShare(t *testing.T) {
	errs := []error{
		errors.New("connection refused"), errHalfOpen, fmt.Errorf("%w: test", port.LinkDisconnected),
		&HandshakeError{Status: http.StatusUnauthorized}, &HandshakeError{Status: http.StatusForbidden},
		&HandshakeError{Status: http.StatusTooManyRequests}, &HandshakeError{Status: http.StatusBadGateway},
	}
	for _, sharing := range []int{1, 4, 38} {
		var dials []time.Time
		for gateway := range sharing {
			p := newCaller(sharing)
			now := time.Unix(0, 0)
			for i := 0; now.Before(time.Unix(24*3600, 0)); i++ {
				dials = append(dials, now)
				// The worst are those that last just long enough to be forgiven.
				now = p.call(now, errs[i%(1+gateway%len(errs))], time.Duration(gateway%2)*retry.Settled)
			}
		}
		for _, from := range dials {
			n := 0
			for _, d := range dials {
				if !d.Before(from) && d.Before(from.Add(window)) {
					n++
				}
			}
			if n > logins {
				t.Fatalf("%d gateways made %d connections in %v, the server allows %d", sharing, n, window, logins)
			}
		}
	}
}

// TestFailedLoginsLeaveTheAddressOpen lets a port be refused for a day. The fourth
// failure in a window would shut the server to everybody behind the address; those
// of a fleet that is refused as a whole keep to that on average.
func TestFailedLoginsLeaveTheAddressOpen(t *testing.T) {
	for _, sharing := range []int{1, 2, 4, 38} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			p := newCaller(sharing)
			var failed []time.Time
			for now := time.Unix(0, 0); now.Before(time.Unix(24*3600, 0)); {
				failed = append(failed, now)
				now = p.call(now, &HandshakeError{Status: status}, 0)
			}
			for i := failures; i < len(failed); i++ {
				if failed[i].Sub(failed[i-failures]) < window {
					t.Fatalf("sharing %d: %d failures within %v", sharing, failures+1, failed[i].Sub(failed[i-failures]))
				}
			}
			if most := int(24*time.Hour/window) * failures; len(failed)*sharing > most+sharing {
				t.Errorf("%d gateways fail %d times a day, the server allows %d", sharing, len(failed)*sharing, most)
			}
		}
	}
}

func TestWhatErrorsSayAboutTheNextAttempt(t *testing.T) {
	limited := func(text, header string) error { return handshakeError(http.StatusTooManyRequests, text, header) }
	for _, tc := range []struct {
		err  error
		want retry.Advice
	}{
		{&HandshakeError{Status: http.StatusUnauthorized}, retry.Advice{Wait: time.Minute}},
		{&HandshakeError{Status: http.StatusForbidden}, retry.Advice{Wait: time.Minute}},
		{&HandshakeError{Status: http.StatusBadRequest}, retry.Advice{Wait: time.Minute}},
		{&HandshakeError{Status: http.StatusTooManyRequests}, retry.Advice{Wait: 2 * time.Minute}},
		{&HandshakeError{Status: http.StatusBadGateway}, retry.Advice{}},
		{limited("Too many connection attempts", ""), retry.Advice{Wait: 2 * time.Minute}},
		{limited("", "600"), retry.Advice{Wait: 10 * time.Minute}},
		{limited("Too many authentication attempts, retry after 898877ms", ""), retry.Advice{Wait: 898_877 * time.Millisecond}},
		{limited("retry after 2000000000ms", ""), retry.Advice{Wait: window}},
		{limited("retry after 99999999999999999999ms", ""), retry.Advice{Wait: 2 * time.Minute}},
		{limited("retry after -1ms", ""), retry.Advice{Wait: 2 * time.Minute}},
		{fmt.Errorf("%w: abuse", port.LinkDisconnected), retry.Advice{Wait: time.Minute}},
		{fmt.Errorf("%w: test", port.LinkUnheard), retry.Advice{Now: true}},
		{fmt.Errorf("%w: %w", port.LinkNoMember, errWithdrawn), retry.Advice{Now: true}},
		{errHalfOpen, retry.Advice{Now: true}},
		{errors.New("connection refused"), retry.Advice{}},
	} {
		if got := advice(tc.err); got != tc.want {
			t.Errorf("%v: %+v, want %+v", tc.err, got, tc.want)
		}
	}
}

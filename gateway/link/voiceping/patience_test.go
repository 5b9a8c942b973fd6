package voiceping

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
)

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
			p := newPatience(sharing)
			now := time.Unix(0, 0)
			for i := 0; now.Before(time.Unix(24*3600, 0)); i++ {
				p.dial(now)
				dials = append(dials, now)
				// The worst are those that last just long enough to be forgiven.
				lived := time.Duration(gateway%2) * (longestWait + time.Second)
				now = now.Add(lived + p.next(now.Add(lived), errs[i%(1+gateway%len(errs))], lived))
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
			p := newPatience(sharing)
			var failed []time.Time
			for now := time.Unix(0, 0); now.Before(time.Unix(24*3600, 0)); {
				p.dial(now)
				failed = append(failed, now)
				now = now.Add(p.next(now, &HandshakeError{Status: status}, 0))
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

func TestTheFirstTriesAreQuickAndSpread(t *testing.T) {
	seen := make(map[time.Duration]bool)
	for range 20 {
		p := newPatience(1)
		p.dial(time.Now())
		wait := p.next(time.Now(), errHalfOpen, time.Hour)
		if wait > time.Second {
			t.Errorf("after an hour on air the first wait is %v", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 15 {
		t.Errorf("only %d different waits of 20: a fleet comes back at once", len(seen))
	}
}

func TestRefusalsAreTakenPatiently(t *testing.T) {
	for _, tc := range []struct {
		err   error
		least time.Duration
	}{
		{&HandshakeError{Status: http.StatusUnauthorized}, time.Minute},
		{&HandshakeError{Status: http.StatusForbidden}, time.Minute},
		{&HandshakeError{Status: http.StatusBadRequest}, time.Minute},
		{&HandshakeError{Status: http.StatusTooManyRequests}, 2 * time.Minute},
		{handshakeError(http.StatusTooManyRequests, "Too many connection attempts", ""), 2 * time.Minute},
		{handshakeError(http.StatusTooManyRequests, "", "600"), 10 * time.Minute},
		{handshakeError(http.StatusTooManyRequests, "Too many authentication attempts, retry after 600000ms", ""), 10 * time.Minute},
		{handshakeError(http.StatusTooManyRequests, "retry after 2000000000ms", ""), window},
		{handshakeError(http.StatusTooManyRequests, "retry after 99999999999999999999ms", ""), 2 * time.Minute},
		{handshakeError(http.StatusTooManyRequests, "retry after -1ms", ""), 2 * time.Minute},
		{fmt.Errorf("%w: abuse", port.LinkDisconnected), time.Minute},
	} {
		for range 20 {
			p := newPatience(1)
			p.dial(time.Now())
			if wait := p.next(time.Now(), tc.err, time.Hour); wait < tc.least || wait > 2*tc.least {
				t.Errorf("%v: waits %v, want %v to twice that", tc.err, wait, tc.least)
			}
		}
	}
}

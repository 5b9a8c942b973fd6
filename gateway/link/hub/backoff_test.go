package hub

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestWaitsDoubleWithFullJitter(t *testing.T) {
	const draws = 300
	for tries, ceiling := range []time.Duration{
		200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond,
		3200 * time.Millisecond, 6400 * time.Millisecond, 12800 * time.Millisecond, 15 * time.Second, 15 * time.Second,
	} {
		var least, most time.Duration = time.Hour, 0
		for range draws {
			b := backoff{max: patience}
			for range tries {
				b.next(errors.New("no route"), 0)
			}
			wait := b.next(errors.New("no route"), 0)
			least, most = min(least, wait), max(most, wait)
		}
		if most > ceiling || most < ceiling/2 || least > ceiling/4 {
			t.Errorf("after %d tries waits are %v to %v, want 0 to %v", tries, least, most, ceiling)
		}
	}
}

func TestLongSessionEndsTheBackoff(t *testing.T) {
	b := backoff{max: patience}
	for range 1000 {
		b.next(errors.New("no route"), 0)
	}
	if wait := b.next(errors.New("gone"), patience+1); wait > firstWait {
		t.Errorf("waits %v after a long session, want at most %v", wait, firstWait)
	}
	for range 10 {
		b.next(errors.New("gone"), time.Millisecond)
	}
	var most time.Duration
	for range 100 {
		most = max(most, b.next(errors.New("gone"), time.Millisecond))
	}
	if most < firstWait {
		t.Error("sessions that end at once do not back off")
	}
}

func TestRefusalsSetTheWait(t *testing.T) {
	for name, c := range map[string]struct {
		refused     RefusedError
		least, most time.Duration
	}{
		"Retry-After":      {RefusedError{Status: http.StatusConflict, RetryAfter: 3 * time.Second}, 3 * time.Second, 3*time.Second + firstWait},
		"long Retry-After": {RefusedError{Status: http.StatusServiceUnavailable, RetryAfter: time.Hour}, maxRetryAfter, maxRetryAfter + firstWait},
		"unauthorized":     {RefusedError{Status: http.StatusUnauthorized}, patience / 2, patience * 3 / 2},
		"forbidden":        {RefusedError{Status: http.StatusForbidden}, patience / 2, patience * 3 / 2},
		"conflict":         {RefusedError{Status: http.StatusConflict}, 0, firstWait},
	} {
		for range 100 {
			b := backoff{max: patience}
			if wait := b.next(&c.refused, 0); wait < c.least || wait > c.most {
				t.Fatalf("%s: waits %v, want %v to %v", name, wait, c.least, c.most)
			}
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

package retry

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

const (
	first   = 200 * time.Millisecond
	longest = 15 * time.Second
)

var errGone = errors.New("gone")

func of(a Advice) Backoff {
	return Backoff{Policy: Policy{First: first, Longest: longest, Classify: func(error) Advice { return a }}}
}

// server is down until up, and drops a session when it has stood for lives.
type server struct{ up, lives time.Duration }

// reconnect runs a link against servers that die one after the other, and
// returns how long each was up before the link was back on it.
func reconnect(t *testing.T, b *Backoff, servers ...server) (took []time.Duration) {
	t.Helper()
	lived := time.Duration(0)
	for _, s := range servers {
		died := time.Now()
		for {
			if !Sleep(t.Context(), b.Next(errGone, lived)) {
				t.Fatal("the context has not ended")
			}
			if lived = 0; time.Since(died) >= s.up {
				break
			}
		}
		took = append(took, time.Since(died)-s.up)
		time.Sleep(s.lives)
		lived = s.lives
	}
	return took
}

func TestWaitsDoubleAndAreSpread(t *testing.T) {
	for failures, ceiling := range []time.Duration{
		200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond,
		3200 * time.Millisecond, 6400 * time.Millisecond, 12800 * time.Millisecond, longest, longest,
	} {
		var waits []time.Duration
		for range 300 {
			b := of(Advice{})
			for range failures {
				b.Next(errGone, 0)
			}
			waits = append(waits, b.Next(errGone, 0))
		}
		least, most := slices.Min(waits), slices.Max(waits)
		if least < ceiling/2 || most > ceiling*3/2 || least > ceiling*3/4 || most < ceiling*5/4 {
			t.Errorf("after %d failures the waits are %v to %v, want half to one and a half times %v", failures, least, most, ceiling)
		}
	}
}

// TestAServerThatIsKilledAgainAndAgain: each session was on air, if only for a
// few seconds, so the link is back as soon after the fourth death as after the
// first.
func TestAServerThatIsKilledAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := of(Advice{})
		kill := server{up: time.Second, lives: 3 * time.Second}
		for i, took := range reconnect(t, &b, kill, kill, kill, kill) {
			// Down for 1 s, a link has failed three times at most.
			if took > first<<3*3/2 {
				t.Errorf("death %d: back %v after the server", i+1, took)
			}
		}
	})
}

// TestSessionsThatEndAtOnce back off, as they are no better than none.
func TestSessionsThatEndAtOnce(t *testing.T) {
	b := of(Advice{})
	for range 10 {
		b.Next(errGone, time.Millisecond)
	}
	if wait := b.Next(errGone, time.Millisecond); wait < longest/2 {
		t.Errorf("the eleventh session in a row that ended at once is followed after %v", wait)
	}
}

// TestWhatTheServerAsksForIsKept: 898,877 ms used to become 28 m 37 s.
func TestWhatTheServerAsksForIsKept(t *testing.T) {
	for _, told := range []time.Duration{time.Millisecond, 3 * time.Second, 898_877 * time.Millisecond} {
		b := of(Advice{Wait: told})
		var waits []time.Duration
		for range 100 {
			waits = append(waits, b.Next(errGone, 0))
		}
		if least, most := slices.Min(waits), slices.Max(waits); least < told || most > told+Spread || most > told*3/2 {
			t.Errorf("told %v, waits %v to %v", told, least, most)
		}
	}
}

func TestWhatIsHopelessWaitsLong(t *testing.T) {
	b := of(Advice{Hopeless: true})
	for range 100 {
		if wait := b.Next(errGone, time.Hour); wait < longest/2 || wait > longest*3/2 {
			t.Fatalf("waits %v", wait)
		}
	}
}

// TestAForcedReconnect is tried at once, and only the first time.
func TestAForcedReconnect(t *testing.T) {
	b := of(Advice{Now: true})
	for range 3 {
		if wait := b.Next(errGone, Settled); wait != 0 {
			t.Errorf("waits %v after a session that was on air", wait)
		}
		if wait := b.Next(errGone, 0); wait < first {
			t.Errorf("the second try in a row follows after %v", wait)
		}
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if Sleep(ctx, time.Hour) || time.Since(began) != time.Second {
			t.Errorf("slept %v", time.Since(began))
		}
		if !Sleep(t.Context(), time.Minute) {
			t.Error("a whole sleep counts as interrupted")
		}
	})
}

package floor

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestBudgetHolds lets somebody who wants to talk for ever press and release as
// it comes, mostly for an instant, and looks at every window there was: none has
// more talk in it than the budget. And nobody is cut who has a slot to spare.
func TestBudgetHolds(t *testing.T) {
	const budget, window = 20 * time.Second, 80 * time.Second
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := ready()
		f.Rules.Budget, f.Rules.Window = budget, window
		f.Rules.MaxTalk = time.Duration(rng.IntN(2)) * 15 * time.Second
		var talks []span
		var refused int
		for now := time.Second; now < time.Hour; {
			f, _ = Step(f, Event{Kind: Press, At: now}, nil)
			if f.Phase == Refused {
				refused++
				had, rounding := within(talks, now-window-window/slots, now), time.Duration(len(talks))*2*time.Millisecond
				if had+rounding < budget {
					t.Fatalf("seed %d: refused at %v with %v of %v talked", seed, now, had, budget)
				}
			}
			f, _ = Step(f, Event{Kind: Granted, At: now, Gen: f.Gen, Until: now + time.Hour}, nil)
			f.RenewAt = now + time.Hour
			from := now
			now += some(rng)
			if f.Phase == Talking {
				until := now
				if at, _ := f.Wake(); at < now {
					until = at
					f, _ = Step(f, Event{Kind: Tick, At: at}, nil)
				}
				talks = append(talks, span{from, until})
				if had := within(talks, until-window, until); had > budget {
					t.Fatalf("seed %d: %v of %v talked in the window that ends at %v", seed, had, budget, until)
				}
			}
			f, _ = Step(f, Event{Kind: Release, At: now}, nil)
			f, _ = Step(f, Event{Kind: Drained, At: now, Gen: f.Gen}, nil)
			now += some(rng) / 2
		}
		if refused == 0 || len(talks) < 50 {
			t.Fatalf("seed %d: refused %d times after %d talk spurts: nothing was tried", seed, refused, len(talks))
		}
	}
}

type span struct{ from, until time.Duration }

// within is how much of the spans lies between from and until.
func within(spans []span, from, until time.Duration) (d time.Duration) {
	for _, s := range spans {
		d += max(0, min(s.until, until)-max(s.from, from))
	}
	return d
}

// some is an instant, a word, or a speech.
func some(rng *rand.Rand) time.Duration {
	longest := []time.Duration{100 * time.Millisecond, 2 * time.Second, 30 * time.Second}[rng.IntN(3)]
	return 1 + time.Duration(rng.Int64N(int64(longest)))
}

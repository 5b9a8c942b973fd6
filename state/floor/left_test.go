package floor

import (
	"testing"
	"time"
)

// TestLeft: what is told to be left is when the machine cuts.
func TestLeft(t *testing.T) {
	f := New(Rules{RequestTimeout: time.Second, RenewEvery: time.Hour, MaxTalk: 40 * time.Second, Penalty: 5 * time.Second,
		Budget: time.Minute, Window: 10 * time.Minute, DrainTimeout: time.Second})
	do := func(ev Event) { f, _ = Step(f, ev, nil) }
	do(Event{Kind: RightsHeld, At: time.Second})
	do(Event{Kind: LinkUp, At: time.Second})
	expect := func(now, left, budget, penalty time.Duration, talking bool) {
		t.Helper()
		l, ok := f.Left(now)
		b, limited := f.BudgetLeft(now)
		if p := f.PenaltyLeft(now); l != left || ok != talking || b != budget || !limited || p != penalty {
			t.Errorf("at %v %v (%v), budget %v (%v), penalty %v are left; want %v (%v), %v, %v", now, l, ok, b, limited, p, left, talking, budget, penalty)
		}
	}
	talk := func(at time.Duration) {
		do(Event{Kind: Press, At: at})
		do(Event{Kind: Granted, At: at, Gen: f.Gen, Until: at + time.Hour})
	}
	expect(2*time.Second, 0, time.Minute, 0, false)
	talk(10 * time.Second)
	expect(25*time.Second, 25*time.Second, 45*time.Second, 0, true)
	do(Event{Kind: Tick, At: 50 * time.Second})
	if f.Why != TimedOut {
		t.Fatalf("at no time left it is %v (%v)", f.Phase, f.Why)
	}
	expect(52*time.Second, 0, 20*time.Second, 3*time.Second, false)
	do(Event{Kind: Release, At: 52 * time.Second})
	talk(60 * time.Second)
	expect(65*time.Second, 15*time.Second, 15*time.Second, 0, true)
	do(Event{Kind: Tick, At: 80 * time.Second})
	if f.Why != BudgetSpent {
		t.Fatalf("with no budget left it is %v (%v)", f.Phase, f.Why)
	}
	f.Rules.Budget = 0
	if _, limited := f.BudgetLeft(0); limited {
		t.Error("there is a budget")
	}
}

package floor

import "time"

// Left is how long the time-out timer lets the talk spurt last that is under way at
// now; ok is false where there is none, or nothing cuts it.
func (f Floor) Left(now time.Duration) (left time.Duration, ok bool) {
	if f.Phase != Talking || f.Limit == 0 {
		return 0, false
	}
	return max(0, f.Limit-now), true
}

// BudgetLeft is what of the talk budget is left at now; ok is false where there is
// none.
func (f Floor) BudgetLeft(now time.Duration) (left time.Duration, ok bool) {
	if f.Rules.Budget == 0 {
		return 0, false
	}
	spent := f.Talked.recent(now, f.Rules.Window).total()
	if f.Phase == Talking || f.Phase == Draining {
		spent += now - f.Since
	}
	if now < f.SpentUntil {
		return 0, true
	}
	return max(0, f.Rules.Budget-spent), true
}

// BudgetAgain is how long from now a press is refused because the talk budget is spent.
func (f Floor) BudgetAgain(now time.Duration) time.Duration { return max(0, f.SpentUntil-now) }

// PenaltyLeft is how long from now a press is refused after a time-out.
func (f Floor) PenaltyLeft(now time.Duration) time.Duration { return max(0, f.PenaltyUntil-now) }

package floor

import "time"

// startTimer sets the time-out timer of a talk spurt that begins now. left is what the
// user may talk by the account of all ports together; 0 is without one.
func startTimer(f Floor, now, left time.Duration) Floor {
	if f.Rules.MaxTalk > 0 {
		f.Limit = now + f.Rules.MaxTalk
	}
	if f.Rules.Budget > 0 && !f.Emergency {
		spent := f.Talked.spentAt(now, f.Rules.Budget, f.Rules.Window)
		if left > 0 {
			spent = min(spent, now+left)
		}
		if f.Limit == 0 || spent < f.Limit {
			f.Limit = spent
		}
	}
	if f.Limit == 0 {
		return f
	}
	f.Since = now
	if f.Rules.Warn > 0 {
		f.WarnAt = max(now, f.Limit-f.Rules.Warn)
	}
	return f
}

// timeOut is what the time-out timer does.
func timeOut(f Floor, now time.Duration, fx []Effect) (Floor, []Effect) {
	why := BudgetSpent
	if f.Rules.MaxTalk > 0 && now >= f.Since+f.Rules.MaxTalk {
		why = TimedOut
	}
	if f.Rules.Penalty > 0 && !f.Emergency {
		f.PenaltyUntil = now + f.Rules.Penalty
	}
	return end(f, now, why, "", fx)
}

// charge adds the talk spurt that ends to what was talked. Nothing was let out
// after the lease or the limit, however late that is noticed. An emergency is not
// charged.
func charge(f Floor, now time.Duration) Floor {
	if f.Rules.Budget == 0 || f.Emergency {
		return f
	}
	until := min(now, f.Lease)
	if f.Limit > 0 {
		until = min(until, f.Limit)
	}
	f.Talked = f.Talked.add(f.Since, until, now, f.Rules.Window)
	return f
}

// outOfBudget remembers that a refusal because of the talk budget holds until at.
func outOfBudget(f Floor, why Reason, at time.Duration) Floor {
	if why == BudgetSpent {
		f.SpentUntil = max(f.SpentUntil, at)
	}
	return f
}

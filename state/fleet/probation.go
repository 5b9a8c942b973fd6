package fleet

import "time"

// Verdict is what has become of a probation.
type Verdict uint8

// Verdicts.
const (
	Pending Verdict = iota
	Passed
	Failed
)

// Probation is the time in which a configuration has to prove itself. Times are
// on a monotonic clock of the caller.
type Probation struct {
	// Length is how long it takes, Grace how long link or Redis may be missing
	// meanwhile, the start included.
	Length, Grace time.Duration
	// Began is when it began, Well when everything was last there; both are
	// the same at first.
	Began, Well time.Duration
}

// Look processes how the gateway does at an instant. It has to be called every
// second or so.
func (p Probation) Look(now time.Duration, well bool) (Probation, Verdict) {
	if well {
		p.Well = now
		if now-p.Began >= p.Length {
			return p, Passed
		}
		return p, Pending
	}
	if now-p.Well > p.Grace {
		return p, Failed
	}
	return p, Pending
}

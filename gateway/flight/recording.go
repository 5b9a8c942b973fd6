package flight

import "time"

// Recording is what a ring held at an instant.
type Recording struct {
	About
	// Start is the wall clock at time 0 of the entries, as it was then: a board
	// may have started before its clock was right.
	Start time.Time `json:"start"`
	// Reason is why the recording was kept: command, button, crash, revoked, …
	Reason string `json:"reason"`
	// Entries are in the order of their times.
	Entries []Entry `json:"-"`
}

// Span is from the first entry to the last.
func (r Recording) Span() (from, to time.Duration) {
	if len(r.Entries) == 0 {
		return 0, 0
	}
	return r.Entries[0].At, r.Entries[len(r.Entries)-1].At
}

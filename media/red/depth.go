package red

import "sync/atomic"

// Depth decides how many copies go along with a packet, by the loss that the other
// end reports. One goroutine reports; any may read. Its zero value sends none.
type Depth struct{ copies atomic.Int32 }

// Report notes the share of packets that was lost since the report before, 0 to 1.
// Copies come at once, and go one a report.
func (d *Depth) Report(loss float64) {
	d.copies.Store(max(worth(loss), d.copies.Load()-1))
}

// worth returns how many copies a share of lost packets is worth. In-band FEC mends
// single losses, so a packet in a hundred is worth none. docs/opus.md has what each
// number of copies does at each loss.
func worth(loss float64) int32 {
	switch {
	case loss >= 0.12:
		return 4
	case loss >= 0.05:
		return 2
	case loss >= 0.015:
		return 1
	}
	return 0
}

// Copies is how many go along now, up to MaxCopies.
func (d *Depth) Copies() int { return int(d.copies.Load()) }

package red

import "sync/atomic"

// Depth decides how many copies go along with a packet, by the loss that the other
// end reports. One goroutine reports; any may read. Its zero value sends none.
type Depth struct{ copies atomic.Int32 }

// levels say how many copies a share of lost packets is worth. In-band FEC mends
// single losses, so a packet in a hundred is worth none. docs/opus.md has what each
// number of copies does at each loss.
var levels = [...]struct {
	loss   float64
	copies int32
}{
	{0.12, 4}, {0.05, 2}, {0.015, 1},
}

// Report notes the share of packets that was lost since the report before, 0 to 1.
// Copies come at once, and go one a report.
func (d *Depth) Report(loss float64) {
	var wanted int32
	for _, l := range levels {
		if loss >= l.loss {
			wanted = l.copies
			break
		}
	}
	d.copies.Store(max(wanted, d.copies.Load()-1))
}

// Copies is how many go along now, up to MaxCopies.
func (d *Depth) Copies() int { return int(d.copies.Load()) }

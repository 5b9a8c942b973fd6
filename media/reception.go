package media

import "time"

// Reception is how the packets of a stream arrive, counted since it began.
type Reception struct {
	// Expected is how many packets there were by their sequence numbers, Received
	// how many of them came; duplicates count too.
	Expected, Received uint64
	// Recovered is how many of the lost ones came as a copy in a later one (RFC 2198).
	Recovered uint64
	// Jitter is the interarrival jitter of RFC 3550 section 6.4.1, as it is now.
	Jitter time.Duration
	// Copies is how many copies of earlier packets go along with each now: more while
	// packets are lost, and none where nothing is.
	Copies int
}

// Lost is how many packets never came.
func (r Reception) Lost() uint64 { return r.Expected - min(r.Received, r.Expected) }

// After is r counted on from what was counted before.
func (r Reception) After(before Reception) Reception {
	r.Expected += before.Expected
	r.Received += before.Received
	r.Recovered += before.Recovered
	return r
}

// Since is what was counted since before. A stream that began anew meanwhile is
// counted from its beginning.
func (r Reception) Since(before Reception) Reception {
	if r.Expected >= before.Expected && r.Received >= before.Received {
		r.Expected -= before.Expected
		r.Received -= before.Received
		r.Recovered -= min(before.Recovered, r.Recovered)
	}
	return r
}

package fleet

import "time"

// Sighting is a gateway as Redis knows it.
type Sighting struct {
	// Gateway is its ID.
	Gateway string
	// Live is whether its last heartbeat still counts.
	Live bool
	// SeenAt is when that came, by the clock of Redis.
	SeenAt time.Time
	// Report is the last one. Err says why it cannot be read; Report then has
	// nothing but the gateway's ID.
	Report Report
	Err    error
}

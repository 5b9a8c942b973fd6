package port

import (
	"context"
	"time"
)

// unplayedEvery is the least time between two log lines about packets that cannot be
// played.
const unplayedEvery = time.Minute

// watchUnplayed logs that packets were received that cannot be played, with how many,
// when the first comes and then once in unplayedEvery.
func (p *Port) watchUnplayed(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	logged := uint64(0)
	var next time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n := p.HeardStats().Refused + p.playout.Stats().Broken
		if n > logged && p.now() >= next {
			p.log.Warn("received packets that cannot be played: they are not Opus, or more than there is room for", "packets", n-logged)
			logged, next = n, p.now()+unplayedEvery
		}
	}
}

package pulse

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// heartbeatHalf is how long the heartbeat line stays at a level.
const heartbeatHalf = 250 * time.Millisecond

// Heartbeat toggles a line that an external watchdog follows, until ctx ends. Once a part
// has made no turn for longer than most, the line stays as it is. An error means that the
// line cannot be driven.
func (c *Counters) Heartbeat(ctx context.Context, out hal.Output, most time.Duration) error {
	tick := time.NewTicker(heartbeatHalf)
	defer tick.Stop()
	start := time.Now()
	seen, level := c.Read(), false
	var moved [numParts]time.Duration // when each part last did, since start
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		alive, counts, now := true, c.Read(), time.Since(start)
		for i := range counts {
			if counts[i] != seen[i] {
				moved[i] = now
			}
			alive = alive && now-moved[i] < most
		}
		if seen = counts; !alive {
			continue
		}
		level = !level
		if err := out.Set(level); err != nil {
			return fmt.Errorf("heartbeat: %w", err)
		}
	}
}

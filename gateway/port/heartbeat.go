package port

import (
	"context"
	"fmt"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// heartbeatHalf is how long the heartbeat line stays at a level.
const heartbeatHalf = 250 * time.Millisecond

// beat toggles the line that an external watchdog looks at while every part of
// the port moves, and leaves it as it is once one has stood still for longer
// than it may. An error means that the line does not obey.
func (p *Port) beat(ctx context.Context, out hal.Output) error {
	patience := max(p.opt.Talk.RequestTimeout, p.opt.Talk.Lease/2) + 3*pulsePeriod
	tick := time.NewTicker(heartbeatHalf)
	defer tick.Stop()
	seen, level := p.Pulse(), false
	var moved [numParts]time.Duration
	for i := range moved {
		moved[i] = p.now()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		alive, pulse, now := true, p.Pulse(), p.now()
		for i := range pulse {
			if pulse[i] != seen[i] {
				moved[i] = now
			}
			alive = alive && now-moved[i] < patience
		}
		if seen = pulse; !alive {
			continue
		}
		level = !level
		if err := out.Set(level); err != nil {
			return fmt.Errorf("heartbeat: %w", err)
		}
	}
}

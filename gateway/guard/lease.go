package guard

import (
	"context"
	"time"
)

// keepLease says once a second, in Redis that the room is guarded, and in the room
// that this guard sees Redis.
func (r *roomGuard) keepLease(ctx context.Context, self string) {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	for count := uint64(1); ; count++ {
		at := time.Now()
		lease, cancel := context.WithTimeout(ctx, leaseEvery)
		err := r.cfg.State.KeepGuard(lease, r.name)
		cancel()
		if err == nil {
			select {
			case r.answered <- at:
			case <-ctx.Done():
				return
			}
			tell, cancel := context.WithTimeout(ctx, apiTimeout)
			if err := r.api.Update(tell, r.name, self, nil, viewValue(count)); err != nil && ctx.Err() == nil {
				r.log.Warn("other guards are not told that this one sees Redis", "err", err)
			}
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// onAnswer notes an answer of Redis. The first one after it was silent ends the
// penalties that were given while Redis did not answer.
func (r *roomGuard) onAnswer(at time.Time) {
	blind := !r.view.known(at)
	r.view.answered = at
	if !blind {
		return
	}
	for who, p := range r.penalties {
		if p.blind {
			delete(r.penalties, who)
		}
	}
	r.settleAll()
}

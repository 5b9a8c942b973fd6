package port

import (
	"sync/atomic"

	"github.com/talkgate/talkgate/state/floor"
)

// refusals counts by reason. Its zero value is ready.
type refusals [32]atomic.Uint64

func (r *refusals) count(why floor.Reason) { r[int(why)%len(r)].Add(1) }

func (r *refusals) read() map[floor.Reason]uint64 {
	counts := map[floor.Reason]uint64{}
	for _, why := range floor.Reasons() {
		counts[why] = r[why].Load()
	}
	return counts
}

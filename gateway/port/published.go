package port

import (
	"sync/atomic"

	"github.com/talkgate/talkgate/state/floor"
)

// changesRoom is how many changes of status may wait to be read.
const changesRoom = 64

// published is what the actor publishes: it writes, any goroutine reads.
type published struct {
	status  atomic.Pointer[Status]
	refused atomic.Bool // the present press was refused
	calling atomic.Bool // the port has an emergency of its own
	locked  atomic.Bool // talking is locked by DTMF: no press counts

	refusals [32]atomic.Uint64 // by floor.Reason
	unheard  atomic.Uint64     // talk spurts of which the server forwarded nothing

	changes chan Status
	dropped atomic.Uint64
}

func newPublished() *published {
	p := &published{changes: make(chan Status, changesRoom)}
	p.status.Store(&Status{})
	return p
}

// publish makes s the status. A reader of changes that is too slow loses the oldest, and
// the loss is counted: the newest always arrives. The actor never waits.
func (p *published) publish(s Status) {
	p.status.Store(&s)
	for {
		select {
		case p.changes <- s:
			return
		default:
		}
		select {
		case <-p.changes:
			p.dropped.Add(1)
		default:
		}
	}
}

func (p *published) countRefusal(why floor.Reason) { p.refusals[int(why)%len(p.refusals)].Add(1) }

func (p *published) readRefusals() map[floor.Reason]uint64 {
	counts := map[floor.Reason]uint64{}
	for _, why := range floor.Reasons() {
		counts[why] = p.refusals[why].Load()
	}
	return counts
}

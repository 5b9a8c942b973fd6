package gateway

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// keyStall is how long the transmitter stays keyed when the card stops asking
// for sound.
const keyStall = 250 * time.Millisecond

// transmitter keys a radio around what the loudspeaker is given. The card's
// goroutine, fill, says until when; one goroutine, run, drives the line, and
// lets go by itself when nobody says so any more.
type transmitter struct {
	out     hal.Output
	keying  *media.Keying
	playout *media.Playout
	now     func() time.Duration

	until atomic.Int64 // keyed before this, on the port's clock; 0 is not keyed
	wake  chan struct{}
}

func newTransmitter(out hal.Output, t media.KeyTiming, playout *media.Playout, now func() time.Duration) *transmitter {
	return &transmitter{out: out, keying: media.NewKeying(t), playout: playout, now: now, wake: make(chan struct{}, 1)}
}

// fill is what the card pulls.
func (t *transmitter) fill(period []int16) {
	speech := t.playout.Fill(period)
	now, until := int64(t.now()), int64(0)
	if t.keying.Process(period, speech) {
		until = now + int64(keyStall)
	}
	if was := t.until.Swap(until); (was > now) != (until > now) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// run drives the line until ctx ends, and leaves it inactive. An error means that
// the line does not obey.
func (t *transmitter) run(ctx context.Context) error {
	stall := time.NewTimer(0)
	defer stall.Stop()
	keyed := false
	for {
		left := time.Duration(t.until.Load()) - t.now()
		key := left > 0 && ctx.Err() == nil
		if key != keyed {
			if err := t.out.Set(key); err != nil {
				return fmt.Errorf("PTT-out: %w", err)
			}
			keyed = key
		}
		if keyed {
			stall.Reset(left)
		} else {
			stall.Stop()
		}
		select {
		case <-ctx.Done():
			if !keyed {
				return nil
			}
		case <-t.wake:
		case <-stall.C:
		}
	}
}

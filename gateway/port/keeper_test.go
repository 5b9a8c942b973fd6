package port

import (
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// TestStopBeforeTheAnswer: a port that ends while it waits for the answer to a
// press leaves no lock behind, granted or not.
func TestStopBeforeTheAnswer(t *testing.T) {
	const roundTrip = 50 * time.Millisecond
	for after := time.Millisecond; after < roundTrip+10*time.Millisecond; after += 10 * time.Millisecond {
		t.Run(after.String(), func(t *testing.T) {
			inBubble(t, roundTrip, func(w *world) {
				w.press()
				w.pass(after)
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				if held := w.redis.held(); len(held) > 0 {
					t.Errorf("the lock of %v was left to its TTL", held)
				}
			})
		})
	}
}

// TestRenewalsDoNotPileUp: while Redis is slow, whatever casts doubt on the lock
// asks once more for its renewal, not as often as it happens.
func TestRenewalsDoNotPileUp(t *testing.T) {
	k := newKeeper(nil, time.Second, nil, nil, slog.New(slog.DiscardHandler))
	for range 1000 {
		k.post(order{do: floor.Renew, gen: 7})
	}
	if n := len(k.orders); n != 1 {
		t.Errorf("%d orders wait, want 1", n)
	}
	k.post(order{do: floor.Yield, gen: 7})
	k.post(order{do: floor.Request, gen: 8})
	for _, want := range []floor.Do{floor.Yield, floor.Request} {
		if o, ok := k.take(); !ok || o.do != want {
			t.Errorf("took %v, %v, want %v", o.do, ok, want)
		}
	}
	if _, ok := k.take(); ok {
		t.Error("there is more to do")
	}
}

package port

import (
	"testing"
	"time"
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

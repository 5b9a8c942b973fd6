package lockclient

import (
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// TestRenewalsDoNotPileUp: while Redis is slow, a renewal waits once, however often one is
// asked for.
func TestRenewalsDoNotPileUp(t *testing.T) {
	c := New(Config{Lease: time.Second, Log: slog.New(slog.DiscardHandler)})
	for range 1000 {
		c.Send(Order{Do: floor.Renew, Gen: 7})
	}
	if n := len(c.orders); n != 1 {
		t.Errorf("%d orders wait, want 1", n)
	}
	c.Send(Order{Do: floor.Yield, Gen: 7})
	c.Send(Order{Do: floor.Request, Gen: 8})
	for _, want := range []floor.Do{floor.Yield, floor.Request} {
		if o, ok := c.next(); !ok || o.Do != want {
			t.Errorf("took %v, %v, want %v", o.Do, ok, want)
		}
	}
	if _, ok := c.next(); ok {
		t.Error("there is more to do")
	}
}

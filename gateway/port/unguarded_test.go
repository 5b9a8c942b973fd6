package port

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAMissingGuardIsShown: status and alert lamp say so, for the channel that the port is
// on.
func TestAMissingGuardIsShown(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		shows := func(what string, unguarded bool) {
			t.Helper()
			synctest.Wait()
			if s := w.now(); s.Unguarded != unguarded || s.Lamps.Alert != unguarded || !s.Lamps.Link {
				t.Errorf("%s: unguarded %v, lamps %+v", what, s.Unguarded, s.Lamps)
			}
		}
		w.pass(100 * time.Millisecond)
		channel := w.now().Channel
		w.port.SetUnguarded("elsewhere", true)
		shows("another channel", false)
		w.port.SetUnguarded(channel, true)
		shows("no guard", true)
		w.port.SetUnguarded(channel, false)
		shows("a guard", false)
	})
}

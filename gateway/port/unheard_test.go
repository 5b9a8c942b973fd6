package port

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// TestUnheardIsShown: while the server forwards nothing of a talk spurt, lamp, status and
// counter say so. It is over with the talk spurt, and does not begin outside of one.
func TestUnheardIsShown(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		shows := func(what, reason string) {
			t.Helper()
			synctest.Wait()
			if s := w.now(); s.Unheard != reason || s.Lamps.Alert != (reason != "") {
				t.Errorf("%s: unheard %q, lamps %+v; want %q", what, s.Unheard, s.Lamps, reason)
			}
		}
		w.pass(100 * time.Millisecond)
		w.link.events.Unheard("lost")
		shows("nobody talks", "")
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		shows("talking", "")
		w.link.events.Unheard("overtaken")
		shows("the hub says so", "overtaken")
		w.link.events.Unheard("overtaken")
		w.link.events.Unheard("")
		shows("it is heard again", "")
		w.link.events.Unheard("busy")
		shows("and not again", "busy")
		w.expect(floor.Talking, floor.NoReason)
		w.release()
		w.pass(time.Second)
		shows("released", "")
		if n := w.port.UnheardTimes(); n != 2 {
			t.Errorf("%d times were counted, want 2", n)
		}
	})
}

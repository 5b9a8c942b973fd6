package port

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// TestWhyTheLinkIsDownIsShown: the fault of a link, and of its later attempts,
// reaches status and lamp, and goes when it is up again.
func TestWhyTheLinkIsDownIsShown(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		shows := func(fault LinkFault, alert bool) {
			t.Helper()
			synctest.Wait()
			if s := w.now(); s.Link != fault || s.Lamps.Alert != alert || s.Lamps.Link != (fault == NoFault) {
				t.Errorf("link %q, lamps %+v; want %q, alert %v", s.Link, s.Lamps, fault, alert)
			}
		}
		w.pass(100 * time.Millisecond)
		shows(NoFault, false)
		w.link.events.LinkDown(errors.New("pulled"))
		shows(LinkLost, false)
		w.link.events.LinkDown(fmt.Errorf("server says: %w", LinkBanned))
		shows(LinkBanned, true)
		w.link.events.LinkDown(fmt.Errorf("server says: %w", LinkLimited))
		shows(LinkLimited, false)
		w.link.events.LinkUp()
		shows(NoFault, false)
		w.expect(floor.Idle, floor.NoReason)
	})
}

func TestEveryFaultIsListed(t *testing.T) {
	seen := make(map[LinkFault]bool)
	for _, f := range LinkFaults() {
		if f == NoFault || seen[f] || faultOf(fmt.Errorf("why: %w", f)) != f {
			t.Errorf("fault %q", f)
		}
		seen[f] = true
	}
	if faultOf(errors.New("pulled")) != LinkLost {
		t.Error("an error that says nothing is not a lost link")
	}
}

// TestAServerThatTakesTheMembershipFirst: whoever is at the port is told that the talk right
// was taken away, even if the server knew it before Redis's news came.
func TestAServerThatTakesTheMembershipFirst(t *testing.T) {
	for fault, why := range map[LinkFault]floor.Reason{LinkNoMember: floor.Revoked, LinkBanned: floor.Banned, LinkLost: floor.NoLink} {
		inBubble(t, time.Millisecond, func(w *world) {
			w.press()
			w.pass(100 * time.Millisecond)
			w.expect(floor.Talking, floor.NoReason)
			w.link.events.LinkDown(fmt.Errorf("server says: %w", fault))
			w.pass(10 * time.Millisecond)
			w.expect(floor.Refused, why)
		})
	}
}

package guard_test

import (
	"errors"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

func TestARogueIsMutedAndTheHolderIsNot(t *testing.T) {
	for _, guards := range []int{1, 3} {
		s := newSite(t, guards)
		s.grant("holder")
		s.grant("rogue")
		s.grant("listener")
		holder, rogue, listener := s.join("holder"), s.join("rogue"), s.join("listener")
		s.guarded()
		rogue.sending.Store(true)
		until(t, "the rogue is heard without a guard's doing", func() bool { return listener.heard.Load() > 0 })
		quiet(t, listener)
		t.Logf("%d guards: a listener heard %d packets of the rogue", guards, listener.heard.Load())

		s.hold("holder")
		before := listener.heard.Load()
		holder.sending.Store(true)
		time.Sleep(3 * time.Second)
		holder.sending.Store(false)
		time.Sleep(200 * time.Millisecond)
		if heard, sent := listener.heard.Load()-before, holder.sent.Load(); heard != sent {
			t.Errorf("%d of the holder's %d packets were heard", heard, sent)
		}
		for _, g := range s.guards {
			if st := g.Status(); st.Mutes > 1 || st.Barred > 1 || st.Removed != 0 {
				t.Errorf("a guard did too much: %+v", st)
			}
		}
	}
}

// A member without rights neither talks nor listens, whether it was there before or
// comes again.
func TestWhoLosesRightsNeitherTalksNorListens(t *testing.T) {
	s := newSite(t, 2)
	for _, who := range []string{"talker", "listener", "other"} {
		s.grant(who)
	}
	talker, listener, other := s.join("talker"), s.join("listener"), s.join("other")
	s.guarded()
	s.hold("talker")
	talker.sending.Store(true)
	until(t, "heard", func() bool { return listener.heard.Load() > 20 && other.heard.Load() > 20 })
	if _, err := s.state.RevokeRights(t.Context(), "listener", "c1"); err != nil {
		t.Fatal(err)
	}
	until(t, "deafness", func() bool {
		before, sent := listener.heard.Load(), talker.sent.Load()
		time.Sleep(300 * time.Millisecond)
		return talker.sent.Load() > sent && listener.heard.Load() == before
	})
	t.Logf("the listener heard %d of %d packets, the other %d", listener.heard.Load(), talker.sent.Load(), other.heard.Load())
	again := s.join("listener")
	until(t, "deafness after coming again", func() bool {
		before, sent := again.heard.Load(), talker.sent.Load()
		time.Sleep(300 * time.Millisecond)
		return talker.sent.Load() > sent+5 && again.heard.Load() == before
	})
	s.grant("listener")
	third := s.join("listener")
	until(t, "it hears with its rights", func() bool { return third.heard.Load() > 5 })

	// The talker ignores that its rights are gone, as a client may that looks at
	// LiveKit only.
	if _, err := s.state.RevokeRights(t.Context(), "talker", "c1"); err != nil {
		t.Fatal(err)
	}
	until(t, "no permission", func() bool { return !talker.MayPublish() })
	before := other.heard.Load()
	time.Sleep(time.Second)
	if now := other.heard.Load(); now > before+5 {
		t.Errorf("%d packets were heard of a member without rights", now-before)
	}
	// With its rights comes its permission, which ends a session whose stream was
	// withdrawn.
	s.grant("talker")
	until(t, "the permission is back", func() bool {
		select {
		case <-talker.Done():
			return true
		default:
			return false
		}
	})
	if err := talker.Err(); !errors.Is(err, room.ErrPermission) {
		t.Errorf("the session ended: %v", err)
	}
}

// A guard does not keep an empty room open.
func TestAnEmptyRoomIsLeft(t *testing.T) {
	s := newSite(t, 1)
	s.grant("a")
	a := s.join("a")
	s.guarded()
	a.Close()
	until(t, "nobody guards a room that is closed", func() bool { return s.guards[0].Status().Rooms == 0 })
	// And does not open it again.
	since := s.guards[0].Status().Lists
	until(t, "ten lists of rooms", func() bool { return s.guards[0].Status().Lists >= since+10 })
	if n := s.guards[0].Status().Rooms; n != 0 {
		t.Errorf("%d rooms are guarded", n)
	}
}

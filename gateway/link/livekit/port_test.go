package livekit

import (
	"testing"

	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

func TestAPressIsHeardFromItsFirstFrame(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	for range 3 {
		for _, p := range [][2]*radio{{a, b}, {b, a}} {
			said, heard := p[0].port.TalkStats().Sent, p[1].heard()
			p[0].talk(p[1])
			p[0].release()
			p[0].phase(floor.Idle)
			until(t, "every frame of a spurt", func() bool {
				return p[1].heard()-heard == p[0].port.TalkStats().Sent-said
			})
			until(t, "the floor is free", func() bool { return s.holder() == "" })
		}
	}
	if unsent := a.port.TalkStats().Unsent + b.port.TalkStats().Unsent; unsent != 0 {
		t.Errorf("%d frames were not sent", unsent)
	}
}

func TestADeniedPressNamesTheTalker(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	heard := a.heard()
	b.press()
	if st := b.phase(floor.Refused); st.Floor.Why != floor.Busy || st.Floor.Holder != "Name u1" {
		t.Errorf("refused for %v by %q", st.Floor.Why, st.Floor.Holder)
	}
	if a.now().Floor.Phase != floor.Talking || a.heard() != heard {
		t.Error("the talker was disturbed")
	}
}

func TestARevokedTalkerIsCut(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	s.revoke("u1", "c1")
	if st := a.phase(floor.Refused); st.Floor.Why != floor.Revoked {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	b.silence()
	until(t, "the floor is free", func() bool { return s.holder() == "" })
	a.release()
	a.phase(floor.Idle)
	s.grant("u1", "c1")
	a.await("on air", onAir)
	a.talk(b)
}

func TestADispatcherBreaksIn(t *testing.T) {
	s := newSite(t, 1)
	a, d, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("d1", redis.RoleDispatch, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	d.talk(a, b)
	if st := a.phase(floor.Refused); st.Floor.Why != floor.Preempted {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	if got := s.holder(); got != "d1" {
		t.Errorf("the floor is %q's", got)
	}
}

func TestAPauseSilencesAndFrees(t *testing.T) {
	s := newSite(t, 1)
	if err := s.state.SetChannelEvent(t.Context(), "c1", "e1"); err != nil {
		t.Fatal(err)
	}
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	if _, err := s.state.PauseAllSpeakers(t.Context(), "e1", "d1"); err != nil {
		t.Fatal(err)
	}
	a.phase(floor.Refused)
	b.silence()
	b.talk(a)
}

func TestAMonitoredChannelIsHeard(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0, "c2")
	loud := s.sender("x", "c2")
	s.grant("x", "c2")
	if d, err := s.state.Acquire(t.Context(), claim("x", "c2")); err != nil || d.Verdict != redis.Granted {
		t.Fatal(d, err)
	}
	before := b.heard()
	until(t, "u2 hears c2", func() bool { return b.heard() > before+5 })
	if a.heard() != 0 {
		t.Error("u1 heard a channel that it does not monitor")
	}
	loud()
}

func TestVoiceAllocatesNothing(t *testing.T) {
	s := newSite(t, 1)
	member := s.member("u1", "c1")
	frame := make([]byte, 60)
	if n := testing.AllocsPerRun(1000, func() { _ = member.WriteOpus(frame, 0, false) }); n != 0 {
		t.Errorf("%v allocations a frame, want 0", n)
	}
}

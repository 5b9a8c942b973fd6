package voiceping

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

func TestAPressIsHeardAndLeavesNothing(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	a.talk()
	if !strings.Contains(s.lock(), `"token"`) {
		t.Errorf("the lock was not adopted: %s", s.lock())
	}
	until(t, "u2 hears u1", func() bool { return b.port.HeardStats().Received > 10 })
	a.release()
	a.phase(floor.Idle)
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	a.silent()
	if starts, stops := s.server.Frames(wire.PTTStart), s.server.Frames(wire.PTTStop); starts != 1 || stops != 1 {
		t.Errorf("%d ptt-start, %d ptt-stop: want one of each", starts, stops)
	}
	// The other way round, over what is kept.
	b.talk()
	until(t, "u1 hears u2", func() bool { return a.port.HeardStats().Received > 10 })
	b.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
}

func TestADeniedPressNamesTheTalker(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	a.talk()
	b.press()
	if st := b.phase(floor.Refused); st.Floor.Why != floor.Busy || st.Floor.Holder != "Name u1" {
		t.Errorf("refused for %v by %q", st.Floor.Why, st.Floor.Holder)
	}
	b.release()
	b.phase(floor.Idle)
	if stops := s.server.Frames(wire.PTTStop); stops != 0 {
		t.Errorf("%d stray ptt-stop", stops)
	}
	if a.now().Floor.Phase != floor.Talking {
		t.Error("the talker was disturbed")
	}
	b.silent()
}

func TestARevokedTalkerIsCut(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	a.talk()
	s.rights("u1")
	if st := a.phase(floor.Refused); st.Floor.Why != floor.Revoked {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	a.silent()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	if stops := s.server.Frames(wire.PTTStop); stops != 1 {
		t.Errorf("%d ptt-stop, want one", stops)
	}
	// The server would grant the next press.
	a.release()
	a.phase(floor.Idle)
	a.press()
	a.phase(floor.Refused)
	if starts := s.server.Frames(wire.PTTStart); starts != 1 {
		t.Errorf("%d ptt-start: the revoked port asked again", starts)
	}
}

func TestATalkerWhoseLockVanishedIsCut(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	a.talk()
	s.rdb.Del(t.Context(), "channel:c1:speaker")
	b.talk()
	a.phase(floor.Refused)
	a.silent()
	if stops := s.server.Frames(wire.PTTStop); stops != 0 {
		t.Errorf("%d ptt-stop while another talks", stops)
	}
	if b.now().Floor.Phase != floor.Talking {
		t.Error("the new talker was disturbed")
	}
}

// TestALockThatVanishesIsNamed where nobody takes the floor.
func TestALockThatVanishesIsNamed(t *testing.T) {
	s := newSite(t)
	var log page
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	a.await("is on air", up)
	a.talk()
	s.rdb.Del(t.Context(), "channel:c1:speaker")
	a.phase(floor.Refused)
	a.silent()
	until(t, "the log tells of it", func() bool { return log.says("lock vanished from Redis") })
}

func TestALockIsRenewedAndNotLeftToTheServer(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	a.talk()
	first := s.lock()
	until(t, "renewals", func() bool { return s.server.Stream("u1", "c1").Forwarded > 200 })
	if s.lock() != first || a.now().Floor.Phase != floor.Talking {
		t.Errorf("after 4 s the lock is %q", s.lock())
	}
}

func TestAStrayStopOfAnotherIsNotBelieved(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	a.talk()
	// Everybody is told that the channel is idle.
	if err := b.link.stop(t.Context(), b.link.session.Load(), "c1"); err != nil {
		t.Fatal(err)
	}
	before := s.server.Stream("u1", "c1").Forwarded
	until(t, "u1 talks on", func() bool { return s.server.Stream("u1", "c1").Forwarded > before+25 })
	if st := b.now(); st.Holder != "u1" {
		t.Errorf("u2 believes that %q has the floor", st.Holder)
	}
}

func TestALeftoverOfOnesOwnIsCleared(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	s.rdb.Set(t.Context(), "channel:c1:speaker", `{"userId":"u1","userName":"Name u1","timestamp":1795398687760}`, 0)
	a.talk()
	a.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
}

func TestADenialByNobodyIsAskedAgain(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	s.rdb.Set(t.Context(), "channel:c1:speaker", `{"userId":"u2","userName":"Name u2","timestamp":1}`, 0)
	s.server.Between(func(step string) {
		if step == "ptt-start:nx" {
			s.rdb.Del(t.Context(), "channel:c1:speaker")
		}
	})
	a.talk()
	if starts := s.server.Frames(wire.PTTStart); starts != 2 {
		t.Errorf("%d ptt-start, want two", starts)
	}
}

func TestAnEmergencyIsObeyed(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	s.rdb.HSet(t.Context(), "channel:events", "c1", "e1", "c2", "e1")
	a.talk()
	// The server silences the talker and leaves its lock.
	if err := d.link.session.Load().conn.ask(t.Context(), wire.EmergencyBroadcastOn, wire.Hold{HoldDuration: 2000}, nil); err != nil {
		t.Fatal(err)
	}
	if st := a.phase(floor.Refused); st.Floor.Why != floor.Preempted || st.Floor.Holder != "Name d1" {
		t.Errorf("refused for %v by %q", st.Floor.Why, st.Floor.Holder)
	}
	a.silent()
	if err := d.link.session.Load().conn.ask(t.Context(), wire.EmergencyBroadcastOff, wire.Hold{HoldDuration: 2000}, nil); err != nil {
		t.Fatal(err)
	}
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	if stops := s.server.Frames(wire.PTTStop); stops != 0 {
		t.Errorf("%d ptt-stop for a lock that was released by script", stops)
	}
}

// TestAnEmergencyIsShown from the server's word to the end of it, though no lock says
// so; and no longer than there is anybody to tell of its end.
func TestAnEmergencyIsShown(t *testing.T) {
	s := newSite(t)
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	s.rdb.HSet(t.Context(), "channel:events", "c1", "e1", "c2", "e1")
	broadcast := func(kind wire.Type) {
		t.Helper()
		if err := d.link.session.Load().conn.ask(t.Context(), kind, wire.Hold{HoldDuration: 2000}, nil); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(st port.Status) bool { return st.Emergency && st.Lamps.Emergency && st.Holder == "d1" }
	over := func(st port.Status) bool { return !st.Emergency && !st.Lamps.Emergency }
	broadcast(wire.EmergencyBroadcastOn)
	a.await("shows it", shown)
	broadcast(wire.EmergencyBroadcastOff)
	a.await("shows its end", over)
	// An ordinary talk spurt of the same dispatcher is none.
	d.talk()
	a.await("sees who talks", func(st port.Status) bool { return st.Holder == "d1" && over(st) })
	d.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	broadcast(wire.EmergencyBroadcastOn)
	a.await("shows it", shown)
	a.link.session.Load().fail(port.ErrLinkDown)
	a.await("shows it no more without a session", over)
}

func TestALeaveDoesNotBlindThePort(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	// From here on the server tells nobody of anything on the channel.
	if err := b.link.session.Load().conn.ask(t.Context(), wire.LeaveChannel, wire.OfChannel{ChannelID: "c1"}, nil); err != nil {
		t.Fatal(err)
	}
	s.rdb.Set(t.Context(), "channel:c1:speaker", `{"userId":"x","userName":"X","timestamp":1}`, 0)
	s.rdb.Publish(t.Context(), "channel:c1:events", `{"channelId":"c1","currentSpeaker":"x","speakerName":"X","isBusy":true,"lockTimestamp":1}`)
	a.await("sees who talks", func(st port.Status) bool { return st.Holder == "x" && st.Lamps.Busy })
}

func TestAFloodOfCopiesDisturbsNobody(t *testing.T) {
	s := newSite(t)
	s.server.Joins("c1", 500)
	a := s.radio("u1", redis.RoleGeneral)
	for range 3 {
		a.talk()
		a.release()
		a.phase(floor.Idle)
		until(t, "the floor is free", func() bool { return s.lock() == "" })
	}
}

// TestAGrantThatComesTooLateIsHandedBack has the server answer after the port
// gave up.
func TestAGrantThatComesTooLateIsHandedBack(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	slow := make(chan struct{})
	s.server.Between(func(step string) {
		if step == "ptt-start:set" {
			<-slow
		}
	})
	a.press()
	if st := a.phase(floor.Refused); st.Floor.Why != floor.NoAnswer {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	if !strings.Contains(s.lock(), `"userId":"u1"`) {
		t.Fatalf("the server took no lock: %q", s.lock())
	}
	close(slow)
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	if stops := s.server.Frames(wire.PTTStop); stops != 1 {
		t.Errorf("%d ptt-stop, want one", stops)
	}
	a.silent()
	a.release()
	a.phase(floor.Idle)
	a.talk()
}

package voiceping

import (
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// TestAGrantShowsBeforeItsReply: the reply queues behind thousands of copies of
// speaker-changed; the port talks from the moment it is forwarded.
func TestAGrantShowsBeforeItsReply(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	until(t, "u1 hears itself", func() bool { return a.link.session.Load().receiver("c1").HasOwn() })
	a.talk() // makes itself known
	a.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	a.phase(floor.Idle)
	queued := make(chan struct{})
	s.server.Between(func(step string) {
		if step == "ptt-start:resumed" {
			<-queued
		}
	})
	before := b.port.HeardStats().Received
	a.talk()
	if !strings.Contains(s.lock(), `"token"`) {
		t.Errorf("the lock was not adopted: %s", s.lock())
	}
	until(t, "u2 hears u1", func() bool { return b.port.HeardStats().Received > before+10 })
	close(queued)
	said := s.server.Stream("u1", "c1").Forwarded
	until(t, "u1 talks on", func() bool { return s.server.Stream("u1", "c1").Forwarded > said+25 })
	a.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
	if starts, stops := s.server.Frames(wire.PTTStart), s.server.Frames(wire.PTTStop); starts != 2 || stops != 2 {
		t.Errorf("%d ptt-start, %d ptt-stop for two presses", starts, stops)
	}
}

// TestAPressWaitsForTheLastStop: a stop that the server has not carried out yet
// would delete the next press's lock.
func TestAPressWaitsForTheLastStop(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	for range 5 {
		a.talk()
		slow := make(chan struct{})
		s.server.Between(func(step string) {
			if step == "ptt-stop:paused" {
				<-slow
			}
		})
		stops := s.server.Frames(wire.PTTStop)
		a.release()
		until(t, "the stop is on its way", func() bool { return s.server.Frames(wire.PTTStop) > stops })
		time.Sleep(handBackTimeout + 100*time.Millisecond) // the script has given the lock back
		before := s.server.Stream("u1", "c1").Forwarded
		a.press()
		a.phase(floor.Requesting)
		s.server.Between(func(string) {})
		close(slow)
		a.phase(floor.Talking)
		until(t, "u1 is forwarded", func() bool { return s.server.Stream("u1", "c1").Forwarded > before+50 })
		if p := a.now().Floor.Phase; p != floor.Talking {
			t.Fatalf("phase %v", p)
		}
		a.release()
		a.phase(floor.Idle)
		until(t, "the floor is free", func() bool { return s.lock() == "" })
	}
}

// TestASlowServerIsNamed, and not Redis.
func TestASlowServerIsNamed(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	slow := make(chan struct{})
	defer close(slow)
	s.server.Between(func(step string) {
		if step == "ptt-start:set" {
			<-slow
		}
	})
	_, err := a.link.Acquire(timeout(t, 100*time.Millisecond), redis.NewClaim("c1", "u1", "Name u1", time.Now(), 3*time.Second))
	if err == nil || !strings.Contains(err.Error(), "the VoicePing server is slow") {
		t.Errorf("says %v", err)
	}
}

// TestAnInterruptionBeforeTheGrantIsKnown shuts a gate before it is opened: it
// stays shut.
func TestAnInterruptionBeforeTheGrantIsKnown(t *testing.T) {
	var g grant
	g.shut()
	if g.open(); g.isOpen() {
		t.Error("an interrupted grant lets speech out")
	}
}

package livekit

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/state/redis"
)

// member is a member of a room that asks nobody for the floor.
func (s *site) member(user, channel string) *room.Session {
	s.t.Helper()
	token, err := livekittest.Key(s.t).Sign(user, user, room.Grant{Room: channel, RoomJoin: true, CanPublish: true, CanSubscribe: true}, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	m, err := room.Join(ctx, room.Config{Server: s.nodes[0].URL, Token: token, Publish: true, Engine: s.engine, Logger: discard(),
		Hear: func(func() string) room.Hearer { return func(*rtp.Packet, time.Time) {} }})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(m.Close)
	return m
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// sender is a member that sends without end. It returns what stops it.
func (s *site) sender(user, channel string) (stop func()) {
	s.t.Helper()
	member := s.member(user, channel)
	over := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for at := uint32(0); ; at += 960 {
			select {
			case <-over:
				return
			case <-tick.C:
				_ = member.WriteOpus([]byte{0xF8, 0xFF, 0xFE}, at, at == 0)
			}
		}
	})
	stop = sync.OnceFunc(func() { close(over); work.Wait() })
	s.t.Cleanup(stop)
	return stop
}

func claim(user, channel string) redis.Claim {
	return redis.NewClaim(channel, user, user, time.Now(), 20*time.Second)
}

// Whoever sends without the floor is not heard at a port, and does not disturb
// who has it.
func TestWhoHasNoFloorIsNotHeard(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	s.sender("rogue", "c1")
	time.Sleep(500 * time.Millisecond)
	if n := a.heard() + b.heard(); n != 0 {
		t.Errorf("%d packets of a member without the floor were heard", n)
	}
	said, heard := a.port.TalkStats().Sent, b.heard()
	a.talk(b)
	a.release()
	until(t, "every frame", func() bool { return b.heard()-heard == a.port.TalkStats().Sent-said })
	b.silence()
}

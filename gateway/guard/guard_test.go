package guard_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/gateway/guard"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a LiveKit, our Redis, and guards.
type site struct {
	t      *testing.T
	server *livekittest.Server
	state  *redis.Client
	url    string
	engine *rtc.Engine
	guards []*guard.Guard
}

func newSite(t *testing.T, guards int) *site {
	t.Helper()
	s := &site{t: t, server: livekittest.Start(t, ""), url: redistest.Start(t).URL}
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = engine
	s.state = s.open()
	for range guards {
		s.guard()
	}
	return s
}

func (s *site) open() *redis.Client {
	c, err := redis.Open(conn.Config{URL: s.url})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *site) guard() {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(s.t.Output(), nil))
	}
	g, err := guard.New(guard.Config{Server: s.server.URL, Key: func() (room.Key, error) { return livekittest.Key(s.t), nil }, State: s.open(), Engine: s.engine, Logger: log})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := g.Run(ctx); err != nil {
			s.t.Error(err)
		}
	}()
	s.t.Cleanup(func() { cancel(); <-done })
	s.guards = append(s.guards, g)
}

// guarded waits until every guard is in the room.
func (s *site) guarded() {
	s.t.Helper()
	for _, g := range s.guards {
		until(s.t, "the room is guarded", func() bool { return g.Status().Rooms == 1 })
	}
}

// member is a plain member of the room, which listens and counts, and sends on
// demand whatever the floor.
type member struct {
	*room.Session
	heard   atomic.Uint64
	sending atomic.Bool
	sent    atomic.Uint64
}

func (s *site) join(who string) *member {
	s.t.Helper()
	token, err := livekittest.Key(s.t).Sign(who, who, room.Grant{Room: "c1", RoomJoin: true, CanPublish: true, CanSubscribe: true}, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	m := &member{}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	m.Session, err = room.Join(ctx, room.Config{Server: s.server.URL, Token: token, Publish: true, Engine: s.engine, Logger: slog.New(slog.DiscardHandler),
		Hear: func(func() string) room.Hearer { return func(*rtp.Packet, time.Time) { m.heard.Add(1) } }})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for at := uint32(0); ; at += 960 {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if m.sending.Load() && m.WriteOpus([]byte{0xF8, 0xFF, 0xFE}, at, false) == nil {
				m.sent.Add(1)
			}
		}
	})
	s.t.Cleanup(func() { stop(); work.Wait(); m.Close() })
	return m
}

func (s *site) grant(who string) {
	if _, err := s.state.GrantRights(s.t.Context(), who, "c1"); err != nil {
		s.t.Fatal(err)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// quiet waits until a listener has heard nothing for a second while a member
// sent on.
func quiet(t *testing.T, listener, talker *member) {
	t.Helper()
	until(t, "silence", func() bool {
		heard, sent := listener.heard.Load(), talker.sent.Load()
		time.Sleep(time.Second)
		return listener.heard.Load() == heard && talker.sent.Load() > sent+20
	})
}

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
		quiet(t, listener, rogue)
		t.Logf("%d guards: a listener heard %d packets of the rogue", guards, listener.heard.Load())

		cl := redis.NewClaim("c1", "holder", "holder", time.Now(), 20*time.Second)
		if d, err := s.state.Acquire(t.Context(), cl); err != nil || d.Verdict != redis.Granted {
			t.Fatal(d, err)
		}
		before := listener.heard.Load()
		holder.sending.Store(true)
		time.Sleep(3 * time.Second)
		holder.sending.Store(false)
		time.Sleep(200 * time.Millisecond)
		if heard, sent := listener.heard.Load()-before, holder.sent.Load(); heard != sent {
			t.Errorf("%d of the holder's %d packets were heard", heard, sent)
		}
		for _, g := range s.guards {
			if st := g.Status(); st.Mutes > 1 || st.Barred != 0 {
				t.Errorf("a guard did too much: %+v", st)
			}
		}
	}
}

func TestWhoLosesRightsLosesThePermission(t *testing.T) {
	s := newSite(t, 2)
	for _, who := range []string{"talker", "listener"} {
		s.grant(who)
	}
	talker, listener := s.join("talker"), s.join("listener")
	s.guarded()
	cl := redis.NewClaim("c1", "talker", "talker", time.Now(), 20*time.Second)
	if d, err := s.state.Acquire(t.Context(), cl); err != nil || d.Verdict != redis.Granted {
		t.Fatal(d, err)
	}
	talker.sending.Store(true)
	until(t, "heard", func() bool { return listener.heard.Load() > 20 })
	// It ignores that its rights are gone, as a client may that looks at
	// LiveKit only.
	if _, err := s.state.RevokeRights(t.Context(), "talker", "c1"); err != nil {
		t.Fatal(err)
	}
	until(t, "no permission", func() bool { return !talker.MayPublish() })
	before := listener.heard.Load()
	time.Sleep(time.Second)
	if now := listener.heard.Load(); now > before+5 {
		t.Errorf("%d packets were heard of a member without rights", now-before)
	}
	// With its rights comes its permission, which ends a session that could
	// publish nothing.
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
	// Who comes without rights is let in to listen.
	stranger := s.join("stranger")
	until(t, "no permission", func() bool { return !stranger.MayPublish() })
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

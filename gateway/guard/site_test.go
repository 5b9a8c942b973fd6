package guard_test

import (
	"context"
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
	"github.com/talkgate/talkgate/media"
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

// guard starts a guard, changed by with, and returns it and what stops it.
func (s *site) guard(with ...func(*guard.Config)) (*guard.Guard, func()) {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(s.t.Output(), nil))
	}
	key := livekittest.Key(s.t)
	cfg := guard.Config{Server: s.server.URL, Key: func() (room.Key, error) { return key, nil }, State: s.open(), Engine: s.engine, Logger: log}
	for _, change := range with {
		change(&cfg)
	}
	g, err := guard.New(cfg)
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
	stop := sync.OnceFunc(func() { cancel(); <-done })
	s.t.Cleanup(stop)
	s.guards = append(s.guards, g)
	return g, stop
}

// guarded waits until every guard is in the room.
func (s *site) guarded() {
	s.t.Helper()
	for _, g := range s.guards {
		until(s.t, "the room is guarded", func() bool { return g.Status().Rooms == 1 })
	}
}

// member is a plain member of a room, which listens and measures, and sends on demand
// whatever the floor.
type member struct {
	*room.Session
	heard   atomic.Uint64 // packets
	speech  atomic.Int64  // their length
	sending atomic.Bool
	sent    atomic.Uint64
}

// frame and longFrame are silence of 20 and of 120 ms.
var (
	frame     = []byte{0xF8, 0xFF, 0xFE}
	longFrame = []byte{0xFB, 0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
)

func (s *site) join(who string) *member { return s.joinRoom("c1", who, true) }

func (s *site) joinRoom(channel, who string, publish bool) *member {
	s.t.Helper()
	m, err := s.tryJoin(channel, who, publish)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sends(m, frame)
	return m
}

// tryJoin joins once. publish is what the token says.
func (s *site) tryJoin(channel, who string, publish bool) (*member, error) {
	token, err := livekittest.Key(s.t).Sign(who, who, room.Grant{Room: channel, RoomJoin: true, CanPublish: publish, CanSubscribe: true}, time.Minute)
	if err != nil {
		return nil, err
	}
	m := &member{}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	m.Session, err = room.Join(ctx, room.Config{Server: s.server.URL, Token: token, Publish: true, Engine: s.engine, Logger: slog.New(slog.DiscardHandler),
		Hear: func(func() string) room.Hearer {
			return func(p *rtp.Packet, _ time.Time) {
				m.heard.Add(1)
				d, _ := media.PacketDuration(p.Payload)
				m.speech.Add(int64(d))
			}
		}})
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(m.Close)
	return m, nil
}

// sends has a member send a frame again and again while sending is set.
func (s *site) sends(m *member, frame []byte) {
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	length, _ := media.PacketDuration(frame)
	work.Go(func() {
		tick := time.NewTicker(length)
		defer tick.Stop()
		for at := uint32(0); ; at += uint32(length * media.SampleRate / time.Second) {
			select {
			case <-ctx.Done():
				return
			case <-m.Done():
				return
			case <-tick.C:
			}
			if m.sending.Load() && m.WriteOpus(frame, at, at == 0) == nil {
				m.sent.Add(1)
			}
		}
	})
	s.t.Cleanup(func() { stop(); work.Wait() })
}

func (s *site) grant(who string) {
	if _, err := s.state.GrantRights(s.t.Context(), who, "c1"); err != nil {
		s.t.Fatal(err)
	}
}

// hold gives a member the floor.
func (s *site) hold(who string) {
	s.t.Helper()
	cl := redis.NewClaim("c1", who, who, time.Now(), 60*time.Second)
	if d, err := s.state.Acquire(s.t.Context(), cl); err != nil || d.Verdict != redis.Granted {
		s.t.Fatal(d, err)
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

// quiet waits until a listener has heard nothing for a second.
func quiet(t *testing.T, listener *member) {
	t.Helper()
	until(t, "silence", func() bool {
		heard := listener.heard.Load()
		time.Sleep(time.Second)
		return listener.heard.Load() == heard
	})
}

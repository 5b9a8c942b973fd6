package room_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/media/rtc"
)

// member is one session of a test.
type member struct {
	*room.Session
	streams atomic.Int64
	packets atomic.Int64
	from    atomic.Value // string
}

func join(t *testing.T, s *livekittest.Server, identity string) *member {
	t.Helper()
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := livekittest.Key(t).Sign(identity, identity, room.Grant{Room: "r", RoomJoin: true, CanPublish: true, CanSubscribe: true}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m.Session, err = room.Join(ctx, room.Config{
		Server: s.URL, Token: token, Publish: true, Engine: engine, Logger: slog.New(slog.DiscardHandler),
		Hear: func(identity func() string) room.Hearer {
			m.streams.Add(1)
			return func(p *rtp.Packet, _ time.Time) {
				m.from.Store(identity())
				m.packets.Add(1)
			}
		},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log())
	}
	t.Cleanup(m.Close)
	return m
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// What is said by one is heard by the others from its first packet on: the
// streams were there before.
func TestMembersHearEachOther(t *testing.T) {
	s := livekittest.Start(t, "")
	a, b := join(t, s, "a"), join(t, s, "b")
	until(t, "streams before a word", func() bool { return a.streams.Load() == 1 && b.streams.Load() == 1 })
	if a.packets.Load() != 0 || b.packets.Load() != 0 {
		t.Error("something was heard before anything was said")
	}
	const frames = 50
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range frames {
		<-tick.C
		if err := a.WriteOpus([]byte{0xF8, 0xFF, 0xFE}, uint32(i*960), i == 0); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "every frame", func() bool { return b.packets.Load() == frames })
	if got := b.from.Load(); got != "a" {
		t.Errorf("heard from %q", got)
	}
	// Members come and go; what the server offers anew is answered.
	for i := range 3 {
		c := join(t, s, "c")
		until(t, "c's stream", func() bool { return b.streams.Load() == int64(2+i) })
		until(t, "c among the members", func() bool {
			return slices.ContainsFunc(a.Members(), func(m room.Member) bool { return m.Identity == "c" && len(m.Tracks) == 1 })
		})
		before, said := b.packets.Load(), 0
		until(t, "c heard", func() bool {
			<-tick.C
			_ = c.WriteOpus([]byte{0xF8, 0xFF, 0xFE}, uint32(said*960), said == 0)
			said++
			return b.packets.Load() >= before+10 && b.from.Load() == "c"
		})
		c.Close()
		until(t, "c gone", func() bool { return len(a.Members()) == 1 })
	}
}

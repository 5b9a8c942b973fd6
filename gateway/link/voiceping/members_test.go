package voiceping

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// visit is a member who joins, says a little and disconnects.
func (s *site) visit(user string, state State, heard func() uint64) {
	s.t.Helper()
	link, err := New(Config{URL: s.server.URL, UserID: user, Channel: "c1", Engine: s.engine, State: state,
		Token: func(context.Context, string) (string, error) {
			return s.server.Token(user, "GENERAL", time.Hour, "c1"), nil
		}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.rdb.SAdd(s.t.Context(), "u."+user+".g", "c1")
	on := make(chan struct{})
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = link.Run(ctx, arrival{func() { close(on) }}) }()
	<-on
	session := link.session.Load()
	if err := session.conn.ask(ctx, wire.PTTStart, wire.OfChannel{ChannelID: "c1"}, nil); err != nil {
		s.t.Fatal(err)
	}
	before, ts := heard(), uint32(0)
	until(s.t, user+" is heard", func() bool {
		ts += 960
		_ = session.voice.WriteOpus(silence(), ts, false)
		return heard() > before+3
	})
	cancel()
	<-done
	until(s.t, user+" is gone", func() bool { return !s.rdb.SIsMember(s.t.Context(), "channel:c1:users", user).Val() })
}

// TestMembersWhoGoLeaveNothing: each who was heard has a stream at the port, which
// ends when its member goes.
func TestMembersWhoGoLeaveNothing(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	heard := func() uint64 { return a.port.HeardStats().Received }
	const visits = 12
	state := s.state()
	s.visit("first", state, heard)
	before := settled(t)
	for i := range visits {
		time.Sleep(250 * time.Millisecond) // a pause, after which another is heard
		s.visit(fmt.Sprintf("v%d", i), state, heard)
	}
	if after := settled(t); after > before+visits/2 {
		t.Errorf("%d goroutines before, %d after %d members came and went", before, after, visits)
	}
	session := a.link.session.Load()
	session.mu.Lock()
	defer session.mu.Unlock()
	if n := len(session.heard); n != 0 {
		t.Errorf("%d streams of members who are gone", n)
	}
}

// settled is the number of goroutines once it does not change any more.
func settled(t *testing.T) int {
	t.Helper()
	n := runtime.NumGoroutine()
	for same := 0; same < 10; {
		time.Sleep(50 * time.Millisecond)
		now := runtime.NumGoroutine()
		if same++; now != n {
			n, same = now, 0
		}
	}
	return n
}

// TestAFullChannelHasAReasonOfItsOwn, and the port is on it when somebody goes.
func TestAFullChannelHasAReasonOfItsOwn(t *testing.T) {
	s := newSite(t)
	small := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test"), Members: 1})
	t.Cleanup(small.Close)
	s.server = small
	b := s.radio("u2", redis.RoleGeneral)
	a := s.tuned("u1", redis.RoleGeneral, func(*Config) {})
	st := a.await("finds it full", func(st port.Status) bool { return st.Link == port.LinkFull })
	if st.Lamps.Alert {
		t.Error("the alert is lit, although waiting mends it")
	}
	b.stop()
	a.await("is on air", up)
}

// TestAnEmergencyOnTheOnlyChannel is heard: the port gives its lock back before
// the server tries for it.
func TestAnEmergencyOnTheOnlyChannel(t *testing.T) {
	s := newSite(t)
	s.rdb.HSet(t.Context(), "channel:events", "c1", "e1")
	a, d := s.radio("u1", redis.RoleGeneral), s.radio("d1", redis.RoleDispatch)
	s.server.Between(func(step string) {
		if step == "emergency:interrupted" {
			until(t, "the lock is given back", func() bool { return s.lock() == "" })
		}
	})
	a.talk()
	var b wire.Broadcast
	if err := d.link.session.Load().conn.ask(t.Context(), wire.EmergencyBroadcastOn, wire.Hold{HoldDuration: 2000}, &b); err != nil {
		t.Fatal(err)
	}
	if b.ChannelCount != 1 || s.server.Stream("d1", "c1").Paused {
		t.Errorf("the emergency has %d channels", b.ChannelCount)
	}
	a.await("shows it", func(st port.Status) bool { return st.Emergency })
	a.silent()
}

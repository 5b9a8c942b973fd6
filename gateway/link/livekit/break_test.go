package livekit

import (
	"testing"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// off is a port whose link is down.
func off(st port.Status) bool { return !st.Lamps.Link }

func TestAServerKilledInMidSpurtReturns(t *testing.T) {
	s := newSite(t, 1)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	s.nodes[0].Kill()
	if st := a.phase(floor.Refused); st.Floor.Why != floor.NoLink {
		t.Errorf("refused for %v", st.Floor.Why)
	}
	b.await("off", off)
	until(t, "the floor is free", func() bool { return s.holder() == "" })
	sent := a.port.TalkStats().Sent
	s.nodes[0].Restart()
	a.await("on air", onAir)
	b.await("on air", onAir)
	if now := a.port.TalkStats().Sent; now != sent {
		t.Errorf("%d frames were sent by a port that was refused", now-sent)
	}
	// Only a fresh press asks again.
	a.hush()
	a.talk(b)
	a.hush()
	b.talk(a)
}

// A server that is told to go sends its members away; they go on on another
// node, whether the room was on it or it only carried their signalling.
func TestAServerThatGoesDownSendsItsMembersAway(t *testing.T) {
	s := newSite(t, 2)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 0)
	a.talk(b)
	a.hush()
	s.nodes[0].Stop()
	a.await("on another node", func(port.Status) bool { return a.times() == 2 })
	b.await("on another node", func(port.Status) bool { return b.times() == 2 })
	a.talk(b)
	a.hush()
	b.talk(a)
}

// Ports on two nodes are in one room; when the node that has it dies, both go on
// on the other.
func TestANodeOfTwoDies(t *testing.T) {
	s := newSite(t, 2)
	a, b := s.radio("u1", redis.RoleGeneral, 0), s.radio("u2", redis.RoleGeneral, 1)
	a.talk(b)
	a.hush()
	b.talk(a)
	s.nodes[0].Kill()
	a.await("off", off)
	a.await("on air", onAir)
	b.await("on air", onAir)
	b.hush()
	a.talk(b)
	a.hush()
	b.talk(a)
}

// times is how often the port came on air.
func (r *radio) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ups
}

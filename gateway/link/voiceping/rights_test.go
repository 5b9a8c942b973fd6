package voiceping

import (
	"testing"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// TestARevokedPortIsDeaf: whoever loses the rights on the port's own channel
// hears nothing more of it, though the server would go on for ever, and hears
// again once the rights are back, without a restart.
func TestARevokedPortIsDeaf(t *testing.T) {
	s := newSite(t)
	a, b := s.radio("u1", redis.RoleGeneral), s.radio("u2", redis.RoleGeneral)
	b.talk()
	until(t, "u1 hears u2", func() bool { return a.port.HeardStats().Received > 10 })
	s.rights("u1")
	a.await("is off air", func(st port.Status) bool { return st.Link == port.LinkNoMember })
	heard, said := a.port.HeardStats().Received, s.server.Stream("u2", "c1").Forwarded
	until(t, "u2 talks on", func() bool { return s.server.Stream("u2", "c1").Forwarded > said+50 })
	if now := a.port.HeardStats().Received; now != heard {
		t.Errorf("%d packets heard without rights", now-heard)
	}
	s.rights("u1", "c1")
	a.await("is on air again", up)
	b.release()
	b.phase(floor.Idle)
	b.talk()
	until(t, "u1 hears u2 again", func() bool { return a.port.HeardStats().Received > heard+10 })
}

// TestAPortThatStartsWithoutRights makes no login that would make it a member.
func TestAPortThatStartsWithoutRights(t *testing.T) {
	s := newSite(t)
	s.rdb.SAdd(t.Context(), "u.u1.g", "c9")
	a := s.tunedWithoutRights("u1", redis.RoleGeneral)
	a.keptOut(port.LinkNoMember)
	if n := s.server.Dials(); n != 0 {
		t.Errorf("%d logins", n)
	}
	s.rights("u1", "c1")
	a.await("is on air", up)
}

// TestAMonitoredChannelThatIsWithdrawn is left at once: the server's heartbeat,
// whose list was replaced by what was published, finds nothing to remove.
func TestAMonitoredChannelThatIsWithdrawn(t *testing.T) {
	s := newSite(t)
	a, b := s.on("u1", "c1", "c2"), s.on("u2", "c2")
	s.monitors("c2", "u1")
	b.says(a)
	s.rights("u1", "c1")
	until(t, "u1 is off c2", func() bool { return !s.rdb.SIsMember(t.Context(), "channel:c2:users", "u1").Val() })
	if n := b.says(a); n != 0 {
		t.Errorf("%d packets are heard of a channel that was withdrawn", n)
	}
	a.talk()
	a.release()
	s.rights("u1", "c1", "c2")
	s.monitors("c2", "u1")
	until(t, "c2 is heard again", func() bool { return b.says(a) > 25 })
	if n := s.server.Frames(wire.LeaveChannel); n != 1 {
		t.Errorf("%d leave-channel, want one", n)
	}
}

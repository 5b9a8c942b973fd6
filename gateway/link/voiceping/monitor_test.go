package voiceping

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// on is a port that talks on a channel, monitors others, and has a token for all.
func (s *site) on(user, channel string, monitor ...string) *radio {
	s.t.Helper()
	r := s.tuned(user, redis.RoleGeneral, func(c *Config) {
		c.Channel, c.Monitor = channel, monitor
		c.Token = func(context.Context, string) (string, error) {
			return s.server.Token(user, "GENERAL", time.Hour, append([]string{channel}, monitor...)...), nil
		}
	})
	r.await("is on air", up)
	return r
}

// says has a port talk on its channel for a while and counts what another hears.
func (r *radio) says(to *radio) (heard uint64) {
	r.t.Helper()
	before, sent := to.port.HeardStats().Received, r.port.TalkStats().Sent
	r.press()
	r.phase(floor.Talking)
	until(r.t, r.user+" talks", func() bool { return r.port.TalkStats().Sent > sent+50 })
	r.release()
	r.phase(floor.Idle)
	time.Sleep(300 * time.Millisecond) // a pause, after which others are heard
	return to.port.HeardStats().Received - before
}

func (s *site) monitors(channel, user string) {
	s.t.Helper()
	until(s.t, user+" is on "+channel, func() bool { return s.rdb.SIsMember(s.t.Context(), "channel:"+channel+":users", user).Val() })
}

// TestMonitoredChannelsAreHeard: what is said on them is heard while the port's
// own channel is quiet, and never talked over by the port.
func TestMonitoredChannelsAreHeard(t *testing.T) {
	s := newSite(t)
	a := s.on("u1", "c1", "c2", "c3")
	b, c, d := s.on("u2", "c2"), s.on("u3", "c3"), s.on("u4", "c1")
	s.monitors("c2", "u1")
	s.monitors("c3", "u1")
	for _, who := range []*radio{b, c, d} {
		who.says(a) // and makes itself known
		if n := who.says(a); n < 25 {
			t.Errorf("%d packets of %s are heard", n, who.user)
		}
	}
	if n := a.says(b); n != 0 {
		t.Errorf("%d packets are heard on a channel that is only monitored", n)
	}
	// Two talk at once: what is heard is one voice, not the packets of both by
	// turns. A machine that is late may change over once.
	forwarded := func(of *radio, channel string, more int) {
		t.Helper()
		n := s.server.Stream(of.user, channel).Forwarded + more
		until(t, of.user+" is forwarded", func() bool { return s.server.Stream(of.user, channel).Forwarded > n })
	}
	b.press()
	forwarded(b, "c2", 25)
	d.press()
	forwarded(d, "c1", 25)
	before := a.port.HeardStats()
	forwarded(d, "c1", 100)
	after := a.port.HeardStats()
	if changes := after.Spurts - before.Spurts; changes > 3 || after.Refused != before.Refused {
		t.Errorf("two talk at once and both are heard: %+v, then %+v", before, after)
	}
}

// TestAMonitoredChannelMayBeRefused: the port's own channel does not suffer, and
// the other is heard once the server allows it.
func TestAMonitoredChannelMayBeRefused(t *testing.T) {
	s := newSite(t)
	var log page
	a := s.tuned("u1", redis.RoleGeneral, func(c *Config) {
		c.Monitor = []string{"c2"} // which the token does not have
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	a.await("is on air", up)
	until(t, "the log tells of it", func() bool { return log.says("not monitored") && log.says("Not authorized") })
	a.talk()
	a.release()
	b := s.on("u2", "c2")
	s.rights("u1", "c1", "c2") // the server pushes it
	s.monitors("c2", "u1")
	until(t, "c2 is heard", func() bool { return log.says("a channel is monitored") && b.says(a) > 25 })
}

// TestAMonitoredChannelThatIsTakenAway: the server makes the port leave it; the
// port's own channel goes on, and the other comes back with the rights.
func TestAMonitoredChannelThatIsTakenAway(t *testing.T) {
	s := newSite(t)
	a, b := s.on("u1", "c1", "c2"), s.on("u2", "c2")
	s.monitors("c2", "u1")
	b.says(a)
	a.talk()
	s.rdb.SRem(t.Context(), "u.u1.g", "c2")
	s.server.Heartbeat()
	until(t, "u1 is off c2", func() bool { return !s.rdb.SIsMember(t.Context(), "channel:c2:users", "u1").Val() })
	before := s.server.Stream("u1", "c1").Forwarded
	until(t, "u1 talks on", func() bool { return s.server.Stream("u1", "c1").Forwarded > before+25 })
	a.release()
	a.phase(floor.Idle)
	if n := b.says(a); n != 0 {
		t.Errorf("%d packets are heard of a channel that was taken away", n)
	}
	s.rights("u1", "c1", "c2")
	s.monitors("c2", "u1")
	until(t, "c2 is heard again", func() bool { return b.says(a) > 25 })
	if n := s.server.Frames(wire.Produce); n != 2 {
		t.Errorf("%d producers: a session was begun anew", n)
	}
}

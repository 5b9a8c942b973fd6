package hub

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/auth"
	"github.com/talkgate/talkgate/state/redis"
)

// on is a member of one channel with a role.
func on(channel, user string, role redis.Role) *auth.Claims {
	c := claims(user)
	c.ChannelIDs, c.Role = []string{channel}, string(role)
	return c
}

// onEvent is a member of both channels of the event with a role.
func onEvent(user string, role redis.Role) *auth.Claims {
	c := on(channelID, user, role)
	c.ChannelIDs = append(c.ChannelIDs, "gates")
	return c
}

// emergencySite has the channels ops and gates in one event, and lot in another. A
// dispatcher speaks on ops, which is also heard by ears[0], gates by ears[1] and
// the dispatcher itself, lot by ears[2].
type emergencySite struct {
	*site
	boss  *talker
	ears  [3]*ear
	own   *ear
	claim redis.Claim
}

func newEmergencySite(t *testing.T, role redis.Role) *emergencySite {
	return newEmergencySiteOf(t, onEvent("boss", role))
}

func newEmergencySiteOf(t *testing.T, boss *auth.Claims) *emergencySite {
	s := &emergencySite{site: newSite(t)}
	s.redis.Do("HSET", "channel:events", channelID, "e1", "gates", "e1", "lot", "e2")
	s.allow("boss")
	s.boss = s.talkerOn(channelID, boss)
	for i, channel := range []string{channelID, "gates", "lot"} {
		s.ears[i] = s.earOn(channel, on(channel, "ear", redis.RoleGeneral))
	}
	s.own = s.earOn("gates", on("gates", "boss", boss.MemberRole()))
	s.knows("boss", true)
	return s
}

// call begins an emergency as a port does.
func (s *emergencySite) call() {
	s.t.Helper()
	s.claim = redis.NewClaim(channelID, "boss", "Boss", time.Now(), time.Hour)
	s.claim.Role, s.claim.Emergency = redis.RoleDispatch, true
	if d, err := s.state.Acquire(s.t.Context(), s.claim); err != nil || d.Verdict != redis.Granted {
		s.t.Fatalf("%+v, %v", d, err)
	}
}

// TestEmergencyIsHeardOnTheWholeEvent: each channel of the event hears all of it,
// no other hears any, the talker does not hear itself, and whoever talked is cut.
func TestEmergencyIsHeardOnTheWholeEvent(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	s.redis.Do("SADD", "u.anna.g", "gates")
	anna := s.talkerOn("gates", on("gates", "anna", redis.RoleGeneral))
	cl := redis.NewClaim("gates", "anna", "Anna", time.Now(), time.Hour)
	if d, err := s.state.Acquire(t.Context(), cl); err != nil || d.Verdict != redis.Granted {
		t.Fatalf("%+v, %v", d, err)
	}
	anna.keepSaying("anna is heard", func() bool { return s.ears[1].count() > 0 })
	s.call()
	s.admits("boss")
	eventually(t, "the other channel's gate, too", func() bool { return s.admittedOn("gates") == "boss" })
	before := s.ears[1].count()
	own := s.own.count()
	const frames = 40
	for i := range frames {
		s.boss.say(i == 0, 1)
		anna.say(i == 0, 1)
		time.Sleep(2 * time.Millisecond)
	}
	eventually(t, "both channels hear all", func() bool { return s.ears[0].count() == frames && s.ears[1].count() == before+frames })
	checkSpurt(t, s.ears[0].packets(), 0, frames)
	heard := s.ears[1].packets()[before:]
	for i, p := range heard {
		if number(p) != i {
			t.Fatalf("packet %d carries frame %d", i, number(p))
		}
	}
	if !heard[0].Marker || heard[1].Marker {
		t.Error("it is not one talk spurt")
	}
	// Its own listeners hear anna's from before.
	if n := s.own.count(); n != own {
		t.Errorf("the talker heard %d packets of its own", n-own)
	}
	if n := s.ears[2].count(); n != 0 {
		t.Errorf("another event heard %d packets", n)
	}
	s.release(s.claim)
	eventually(t, "nobody is admitted any more", func() bool { return s.admittedOn("gates") == "" && s.admitted() == "" })
	s.boss.say(true, 5)
	if n := s.ears[1].count(); n != before+frames {
		t.Errorf("%d packets came after the end", n-before-frames)
	}
	eventually(t, "nothing is left", func() bool { return s.hub.channels.Relays.HeardOn(channelID) == 0 })
}

// TestEmergencyWithoutTheTokenForIt: whoever wrote the locks, a token without the
// role, or without the other channel, is heard on its own channel only.
func TestEmergencyWithoutTheTokenForIt(t *testing.T) {
	for name, boss := range map[string]*auth.Claims{
		"role":    onEvent("boss", redis.RoleGeneral),
		"channel": on(channelID, "boss", redis.RoleDispatch),
	} {
		t.Run(name, func(t *testing.T) {
			s := newEmergencySiteOf(t, boss)
			s.call()
			s.admits("boss")
			eventually(t, "the other channel waits for it", func() bool { return s.admittedOn("gates") == "boss" })
			s.boss.keepSaying("it is heard at home", func() bool { return s.ears[0].count() > 20 })
			if n := s.ears[1].count(); n != 0 {
				t.Errorf("the other channel heard %d packets", n)
			}
		})
	}
}

// TestEmergencyIsItsHolders: what another dispatcher says at home, where the lock was
// lost, is not heard on a channel where it is still there.
func TestEmergencyIsItsHolders(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	s.allow("chief")
	chief := s.talkerOn(channelID, on(channelID, "chief", redis.RoleDispatch))
	s.knows("chief", true)
	s.call()
	s.admits("boss")
	eventually(t, "the other channel's gate, too", func() bool { return s.admittedOn("gates") == "boss" })
	s.redis.Do("DEL", "channel:"+channelID+":speaker")
	s.take("chief")
	s.admits("chief")
	chief.keepSaying("it is heard at home", func() bool { return s.ears[0].count() > 20 })
	if n := s.ears[1].count(); n != 0 {
		t.Errorf("the other channel heard %d packets", n)
	}
}

// TestEmergencyEndsWithTheRight: the right to talk on its own channel ends it on
// all.
func TestEmergencyEndsWithTheRight(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	s.call()
	s.admits("boss")
	s.boss.keepSaying("it is heard", func() bool { return s.ears[1].count() > 10 })
	s.redis.Do("SREM", "u.boss.g", channelID)
	s.publishRights("boss")
	s.knows("boss", false)
	s.admits("")
	n := s.ears[1].count()
	s.boss.say(false, 20)
	s.boss.say(true, 5)
	time.Sleep(50 * time.Millisecond)
	if more := s.ears[1].count() - n; more > 1 {
		t.Errorf("the other channel heard %d packets more", more)
	}
}

// TestEmergencyEndsWithRedis: a Redis that falls silent ends it on all channels, by the
// lease.
func TestEmergencyEndsWithRedis(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	s.call()
	s.admits("boss")
	s.boss.keepSaying("it is heard", func() bool { return s.ears[1].count() > 10 })
	s.redis.Signal(syscall.SIGSTOP)
	defer s.redis.Signal(syscall.SIGCONT)
	eventually(t, "nobody is admitted any more", func() bool { return s.admittedOn("gates") == "" && s.admitted() == "" })
	time.Sleep(50 * time.Millisecond) // what was on its way
	n := [...]int{s.ears[0].count(), s.ears[1].count()}
	s.boss.say(false, 20)
	s.boss.say(true, 5)
	time.Sleep(50 * time.Millisecond)
	if now := [...]int{s.ears[0].count(), s.ears[1].count()}; now != n {
		t.Errorf("packets heard: %v, and without Redis %v", n, now)
	}
}

// TestBrowserCallsAnEmergency: by the HTTP API, for a dispatcher only, and it ends
// with the event stream as every floor the hub holds.
func TestBrowserCallsAnEmergency(t *testing.T) {
	s := newEmergencySite(t, redis.RoleDispatch)
	stream := s.stream("boss")
	ask := func(c *auth.Claims) answer {
		return s.do(t.Context(), "PUT", "/api/channels/"+channelID+"/emergency", tokenOf(t, c), "", "")
	}
	if a := ask(on(channelID, "boss", redis.RoleDispatch)); a.status != http.StatusForbidden || s.locked() {
		t.Fatalf("without a channel of the event: %d %s", a.status, a.body)
	}
	if a := ask(onEvent("boss", redis.RoleGeneral)); a.status != http.StatusForbidden {
		t.Fatalf("without the role: %d %s", a.status, a.body)
	}
	go func() {
		for t.Context().Err() == nil && s.boss.Err() == nil {
			_ = s.boss.WriteOpus([]byte{0xF8, 1, 1, 0xFF, 0xFE}, uint32(s.boss.spoke*960), s.boss.spoke == 0)
			s.boss.spoke++
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if a := ask(onEvent("boss", redis.RoleDispatch)); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	eventually(t, "the other channel hears it", func() bool { return s.ears[1].count() > 10 })
	stream.close()
	eventually(t, "it is over", func() bool {
		speakers, err := s.state.ActiveSpeakers(t.Context(), "e1")
		return err == nil && len(speakers) == 0
	})
}

func (s *site) admittedOn(channel string) string {
	ch := s.hub.channels.Find(channel)
	if ch == nil {
		return ""
	}
	return ch.Forwarder.Admitted(time.Now())
}

// TestNoEmergencyOnLiveKit: nobody is silenced for a voice that few would hear.
func TestNoEmergencyOnLiveKit(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Rooms = &Rooms{URL: "ws://127.0.0.1:1"} })
	s.allow("boss")
	s.stream("boss")
	a := s.do(t.Context(), "PUT", "/api/channels/"+channelID+"/emergency", tokenOf(t, on(channelID, "boss", redis.RoleDispatch)), "", "")
	if a.status != http.StatusForbidden || s.locked() {
		t.Errorf("%d %s", a.status, a.body)
	}
}

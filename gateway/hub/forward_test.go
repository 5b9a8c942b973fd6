package hub

import (
	"net/http"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/forward"
	"github.com/talkgate/talkgate/media"
)

// Who has the floor is heard by everybody else, whole and in order; who has not
// is heard by nobody; the talker does not hear itself.
func TestHolderOfTheFloorIsHeard(t *testing.T) {
	s := newSite(t)
	s.allow("a", "b")
	a, b := s.talker("a"), s.talker("b")
	ea, eb, ec := s.ear("a"), s.ear("b"), s.ear("c")
	s.knows("a", true)
	s.take("a")
	s.admits("a")
	const frames = 40
	for i := range frames {
		a.say(i == 0, 1)
		b.say(i == 0, 1)
		time.Sleep(2 * time.Millisecond)
	}
	eventually(t, "b and c hear all", func() bool { return eb.count() == frames && ec.count() == frames })
	checkSpurt(t, ec.packets(), 0, frames)
	checkSpurt(t, eb.packets(), 0, frames)
	if n := ea.count(); n != 0 {
		t.Errorf("the talker heard %d packets of its own", n)
	}
	eventually(t, "b's packets are counted", func() bool {
		return s.hub.channels.Traffic.Received[forward.HeldBack].Load()+s.hub.channels.Traffic.Received[forward.Refused].Load() == frames
	})
}

// checkSpurt checks that packets are one talk spurt with the frames from first on.
func checkSpurt(t *testing.T, packets []media.Packet, first, n int) {
	t.Helper()
	if len(packets) != n {
		t.Fatalf("%d packets, want %d", len(packets), n)
	}
	for i, p := range packets {
		if number(p) != first+i {
			t.Fatalf("packet %d carries frame %d, want %d", i, number(p), first+i)
		}
		if p.Marker != (i == 0) {
			t.Errorf("packet %d has marker %v", i, p.Marker)
		}
		if want := packets[0].Seq + uint16(i); p.Seq != want {
			t.Errorf("packet %d has sequence number %d, want %d", i, p.Seq, want)
		}
		if want := packets[0].Timestamp + uint32(i*media.FrameSamples); p.Timestamp != want {
			t.Errorf("packet %d has timestamp %d, want %d", i, p.Timestamp, want)
		}
	}
}

// What a port says before the hub knows of its grant is held back and then heard
// from the first frame on.
func TestBeginningOfSpurtIsNotClipped(t *testing.T) {
	s := newSite(t, func(c *Config) { c.HoldBack = time.Minute })
	s.allow("a")
	a, e := s.talker("a"), s.ear("b")
	s.knows("a", true)
	const early = 12
	a.say(true, early)
	eventually(t, "the packets are held back", func() bool { return s.hub.channels.Traffic.Received[forward.HeldBack].Load() == early })
	if n := e.count(); n != 0 {
		t.Fatalf("%d packets heard before the grant", n)
	}
	s.take("a")
	eventually(t, "all is heard", func() bool { return e.count() == early })
	a.say(false, 3)
	eventually(t, "the rest is heard", func() bool { return e.count() == early+3 })
	checkSpurt(t, e.packets(), 0, early+3)
}

// What a port sent before it let go of the floor is heard even if the news of that
// was faster, unless its rights are gone or somebody else has the floor.
func TestEndOfSpurtIsNotClipped(t *testing.T) {
	for _, tc := range []struct {
		name      string
		meanwhile func(s *site)
		late      int // packets heard that come after the news
	}{
		{"floor is idle", func(*site) {}, 2},
		{"rights are gone", func(s *site) {
			s.redis.Do("SREM", "u.a.g", channelID)
			s.publishRights("a")
			s.knows("a", false)
		}, 0},
		{"somebody else has it", func(s *site) {
			s.take("b")
			s.admits("b")
		}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, func(c *Config) { c.HoldBack = 30 * time.Second })
			s.allow("a", "b")
			a, e := s.talker("a"), s.ear("c")
			s.talker("b")
			s.knows("a", true)
			s.knows("b", true)
			cl := s.take("a")
			s.admits("a")
			a.say(true, 3)
			eventually(t, "the spurt is heard", func() bool { return e.count() == 3 })
			s.release(cl)
			eventually(t, "the floor is seen idle", func() bool { return s.snapshot().Holder == nil })
			tc.meanwhile(s)
			before := s.hub.channels.Traffic.Forwarded.Load()
			a.say(false, 2)
			eventually(t, "all arrived", func() bool {
				var n uint64
				for v := range s.hub.channels.Traffic.Received {
					n += s.hub.channels.Traffic.Received[v].Load()
				}
				return n == uint64(a.spoke)
			})
			if got := s.hub.channels.Traffic.Forwarded.Load() - before; got != uint64(tc.late) {
				t.Errorf("%d packets forwarded after the news, want %d", got, tc.late)
			}
		})
	}
}

// A browser's microphone does not pause when its floor is given back: what comes
// then is said then.
func TestBrowserIsShutAtOnce(t *testing.T) {
	s := newSite(t, func(c *Config) { c.HoldBack = time.Minute })
	_, a := s.browser("a")
	e := s.ear("b")
	a.murmur()
	s.grants("a")
	eventually(t, "a is heard", func() bool { return e.count() > 3 })
	if got := s.as("a", "DELETE", "/api/channels/"+channelID+"/floor"); got.status != http.StatusNoContent {
		t.Fatalf("release: %+v", got)
	}
	eventually(t, "the floor is seen idle", func() bool { return s.snapshot().Holder == nil })
	if who := s.admitted(); who != "" {
		t.Errorf("%q may still be heard", who)
	}
}

// A listener who joins in mid-spurt hears it from there.
func TestListenerJoinsInMidSpurt(t *testing.T) {
	s := newSite(t)
	s.allow("a")
	a, early := s.talker("a"), s.ear("b")
	s.knows("a", true)
	s.take("a")
	s.admits("a")
	a.say(true, 5)
	eventually(t, "b hears the beginning", func() bool { return early.count() == 5 })
	late := s.ear("c")
	a.say(false, 5)
	eventually(t, "c hears the rest", func() bool { return late.count() == 5 })
	checkSpurt(t, late.packets(), 5, 5)
}

// Successive talkers are one stream to a listener.
func TestTalkersFollowInOneStream(t *testing.T) {
	s := newSite(t)
	s.allow("a", "b")
	a, b, e := s.talker("a"), s.talker("b"), s.ear("c")
	s.knows("a", true)
	s.knows("b", true)
	for i := range 6 {
		tk, user := a, "a"
		if i%2 == 1 {
			tk, user = b, "b"
		}
		cl := s.take(user)
		s.admits(user)
		tk.say(true, 3)
		eventually(t, "the spurt is heard", func() bool { return e.count() == 3*(i+1) })
		s.release(cl)
		s.admits("")
	}
	packets := e.packets()
	for i, p := range packets {
		if p.Marker != (i%3 == 0) {
			t.Errorf("packet %d has marker %v", i, p.Marker)
		}
		if i > 0 && p.Seq != packets[i-1].Seq+1 {
			t.Errorf("packet %d has sequence number %d after %d", i, p.Seq, packets[i-1].Seq)
		}
		if i > 0 && int32(p.Timestamp-packets[i-1].Timestamp) < media.FrameSamples {
			t.Errorf("packet %d has timestamp %d after %d", i, p.Timestamp, packets[i-1].Timestamp)
		}
	}
}

// A port gone mad keeps sending: it is cut off when its rights are taken away,
// though the lock is still its own, and when the lock goes.
func TestMadPortIsCutOff(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(s *site)
	}{
		{"rights taken away", func(s *site) {
			s.redis.Do("SREM", "u.a.g", channelID)
			s.publishRights("a")
		}},
		{"rights vanish", func(s *site) { s.redis.Do("DEL", "u.a.g") }},
		{"lock vanishes", func(s *site) { s.redis.Do("DEL", "channel:ops:speaker") }},
		{"lock is junk", func(s *site) { s.redis.Do("SET", "channel:ops:speaker", "not JSON") }},
		{"all is flushed", func(s *site) { s.redis.Do("FLUSHALL") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t)
			s.allow("a")
			a, e := s.talker("a"), s.ear("b")
			s.knows("a", true)
			s.take("a")
			a.keepSaying("a is heard", func() bool { return e.count() > 5 })
			tc.end(s)
			a.keepSaying("a is cut off", func() bool { return s.admitted() == "" })
			eventually(t, "no packet is on its way to the socket", func() bool { return !s.draining() })
			last := s.hub.channels.Traffic.Forwarded.Load()
			a.say(false, 20)
			a.say(true, 20)
			eventually(t, "all arrived", func() bool {
				var n uint64
				for v := range s.hub.channels.Traffic.Received {
					n += s.hub.channels.Traffic.Received[v].Load()
				}
				return n == uint64(a.spoke)
			})
			if got := s.hub.channels.Traffic.Forwarded.Load(); got != last {
				t.Errorf("%d packets forwarded after the cut", got-last)
			}
		})
	}
}

package voiceping

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

func down(st port.Status) bool { return !st.Lamps.Link }
func up(st port.Status) bool   { return st.Lamps.Link }

// mended breaks a talking port, and finds it down, silent, without a lock, and
// then talking again.
func mended(t *testing.T, s *site, a *radio, breakIt func()) {
	t.Helper()
	a.talk()
	broken := time.Now()
	breakIt()
	a.await("notices", down)
	t.Logf("noticed after %v", time.Since(broken))
	if p := a.now().Floor.Phase; p != floor.Refused {
		t.Errorf("phase %v after the break", p)
	}
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	a.release()
	a.await("is back", up)
	t.Logf("mended after %v", time.Since(broken))
	a.talk()
	a.release()
	until(t, "the floor is free", func() bool { return s.lock() == "" })
}

func TestAServerThatRestartsIsJoinedAgain(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.Restart)
}

func TestAWorkerThatCrashesIsNoticed(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.CrashWorker)
}

func TestConsentThatExpiresIsNoticed(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	mended(t, s, a, func() {
		s.server.Deafen(true)
		a.await("notices", down)
		s.server.Deafen(false)
	})
}

// TestAGrantThatResumesNothingIsNoticed has the server forget whose producer it
// has to resume, while it goes on to acknowledge what it receives.
func TestAGrantThatResumesNothingIsNoticed(t *testing.T) {
	s := newSite(t)
	a := s.radio("u1", redis.RoleGeneral)
	s.server.ForgetProducer("u1", "c1")
	a.press()
	a.phase(floor.Talking)
	a.await("notices", func(st port.Status) bool { return st.Link == port.LinkUnheard })
	a.phase(floor.Refused)
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	a.release()
	a.await("is back", up)
	a.talk()
}

// TestNothingDeadIsTrustedForFiveSeconds adds up how long each kind of death may
// go unnoticed.
func TestNothingDeadIsTrustedForFiveSeconds(t *testing.T) {
	const most = 5 * time.Second
	for what, after := range map[string]time.Duration{
		"a half-open connection":       pingEvery + pongTimeout,
		"a voice that does not return": maxUnheard*20*time.Millisecond + echoCheckEvery,
		"media without consent":        rtc.DefaultPeerTimeout,
	} {
		if after > most {
			t.Errorf("%s is noticed after %v, want within %v", what, after, most)
		}
	}
}

func TestAVoiceThatIsNotAcknowledgedIsNoticed(t *testing.T) {
	s := newSite(t)
	mended(t, s, s.radio("u1", redis.RoleGeneral), s.server.LoseProducers)
}

// TestAHalfOpenConnectionAndItsReaping loses the WebSocket without a word: the
// port comes back on a new one, and once more when the server reaps the old one
// and the new one's media with it.
func TestAHalfOpenConnectionAndItsReaping(t *testing.T) {
	s := newSite(t)
	r := newNetwork(t)
	s.server.URL = r.toWebSocket(s.server.URL)
	a := s.radio("u1", redis.RoleGeneral)
	a.talk()
	r.change()
	a.await("notices", down)
	a.release()
	a.await("is back", up)
	// The old connection's grant may still be in Redis: as the port's own, or
	// gone. Either way it is not in the way.
	a.talk()
	s.server.Reap("u1")
	a.await("notices the reaping", down)
	a.release()
	a.await("is back again", up)
	until(t, "no lock is left", func() bool { return s.lock() == "" })
	a.talk()
	if n := s.server.Frames(wire.Produce); n != 3 {
		t.Errorf("%d producers, want one a session: 3", n)
	}
}

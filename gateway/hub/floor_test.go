package hub

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/hub/channel"
	"github.com/talkgate/talkgate/gateway/hub/forward"
)

const floorPath = "/api/channels/" + channelID + "/floor"

func (s *site) press(user string) (int, channel.Answer) {
	s.t.Helper()
	a := s.as(user, "PUT", floorPath)
	var f channel.Answer
	if err := json.Unmarshal([]byte(a.body), &f); err != nil {
		s.t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return a.status, f
}

func (s *site) grants(user string) channel.Answer {
	s.t.Helper()
	status, f := s.press(user)
	if status != http.StatusOK || !f.Granted {
		s.t.Fatalf("%s asks for the floor: %d %+v", user, status, f)
	}
	return f
}

func (s *site) locked() bool { return s.redis.Do("EXISTS", "channel:ops:speaker") == int64(1) }

// browser is a member that talks by the hub's hand: a stream that never pauses.
func (s *site) browser(user string) (*stream, *talker) {
	s.t.Helper()
	s.allow(user)
	st, tk := s.stream(user), s.talker(user)
	s.knows(user, true)
	return st, tk
}

// murmur sends frames of a browser, whose stream has no marker bits and never
// pauses, until the test ends or the returned function is called.
func (tk *talker) murmur() (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tk.Done():
				return
			case <-tick.C:
				frame := []byte{0xF8, byte(tk.spoke >> 8), byte(tk.spoke), 0xFF, 0xFE}
				_ = tk.WriteOpus(frame, uint32(tk.spoke*960), false)
				tk.spoke++
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(end); <-done })
	tk.t.Cleanup(stop)
	return stop
}

func TestBrowserTalksByTheHubsHand(t *testing.T) {
	s := newSite(t)
	st, a := s.browser("a")
	b := s.stream("b")
	e := s.ear("b")
	a.murmur()
	eventually(t, "the browser's stream runs", func() bool { return s.hub.channels.Traffic.Received[forward.Refused].Load() > 3 })
	first := s.grants("a")
	if again := s.grants("a"); again.Epoch != first.Epoch {
		t.Errorf("asked twice, got %+v, then %+v", first, again)
	}
	eventually(t, "a is heard", func() bool { return e.count() > 10 })
	if p := e.packets()[0]; !p.Marker {
		t.Error("the spurt begins without a marker bit")
	}
	for _, st := range []*stream{st, b} {
		st.see(t, "the holder is shown", func() bool { return st.holder() == "a" })
		st.see(t, "levels are shown", func() bool { return len(st.levels) > 0 })
	}
	if got := st.states[len(st.states)-1].Holder.Epoch; got != first.Epoch {
		t.Errorf("epoch %d shown, %d granted", got, first.Epoch)
	}
	// Longer than the lock lives without being renewed.
	until := time.Now().Add(s.hub.cfg.LockTTL + 500*time.Millisecond)
	eventually(t, "the lock outlives its TTL", func() bool {
		if !s.locked() {
			t.Fatal("the lock was not renewed")
		}
		return time.Now().After(until)
	})
	if got := s.as("a", "DELETE", floorPath); got.status != http.StatusNoContent {
		t.Fatalf("give the floor back: %d %s", got.status, got.body)
	}
	if s.locked() {
		t.Error("the lock is still there after the floor was given back")
	}
	b.see(t, "the floor is shown idle", func() bool { return b.holder() == "" })
	if got := s.as("a", "DELETE", floorPath); got.status != http.StatusNoContent {
		t.Errorf("give back what one does not have: %d", got.status)
	}
}

// What a browser's open microphone picked up before the press is not heard.
func TestNothingFromBeforeThePressIsHeard(t *testing.T) {
	s := newSite(t, func(c *Config) { c.HoldBack = time.Minute })
	_, a := s.browser("a")
	e := s.ear("b")
	a.say(false, 10)
	eventually(t, "the murmur arrives", func() bool { return s.hub.channels.Traffic.Received[forward.HeldBack].Load() == 10 })
	s.grants("a")
	a.say(false, 5)
	eventually(t, "a is heard", func() bool { return e.count() == 5 })
	checkSpurt(t, e.packets(), 10, 5)
}

func TestFloorIsDenied(t *testing.T) {
	s := newSite(t)
	status, f := s.press("a")
	if status != http.StatusConflict || f.Reason != channel.ReasonNoSession {
		t.Errorf("without WHIP session: %d %+v", status, f)
	}
	_, _ = s.browser("a")
	_ = s.talker("b")
	status, f = s.press("b")
	if status != http.StatusConflict || f.Reason != channel.ReasonNoEvents {
		t.Errorf("without event stream: %d %+v", status, f)
	}
	st := s.stream("b")
	if status, f = s.press("b"); status != http.StatusForbidden || f.Reason != channel.ReasonNoRights {
		t.Errorf("without rights: %d %+v", status, f)
	}
	st.see(t, "the denial is shown", func() bool { return len(st.notices) > 0 && st.notices[0].Kind == "denied" })
	s.allow("b")
	s.redis.Do("ZADD", "security:banned", "9007199254740991", "b")
	if status, f = s.press("b"); status != http.StatusForbidden || f.Reason != channel.ReasonBanned {
		t.Errorf("banned: %d %+v", status, f)
	}
	s.redis.Do("ZREM", "security:banned", "b")
	epoch := s.grants("a").Epoch
	status, f = s.press("b")
	if status != http.StatusConflict || f.Reason != channel.ReasonBusy || f.Holder == nil || f.Holder.UserID != "a" ||
		f.Holder.UserName != "A" || f.Holder.Since == 0 || f.Holder.Epoch != epoch {
		t.Errorf("busy: %d %+v", status, f)
	}
	s.as("a", "DELETE", floorPath)
	s.redis.Do("SET", "channel:ops:speaker", "not JSON", "EX", "30")
	if status, f = s.press("b"); status != http.StatusConflict || f.Reason != channel.ReasonBusy || f.Holder.UserID != "" || f.Holder.Since != 0 {
		t.Errorf("lock is junk: %d %+v", status, f)
	}
}

// The hub lets go of the floor it holds for a browser when there is nobody left
// to let go for it.
func TestDeadMansSwitches(t *testing.T) {
	for _, tc := range []struct {
		name string
		kind channel.Reason
		die  func(s *site, st *stream, tk *talker, hush func())
	}{
		{"session ends", channel.ReasonNoSession, func(s *site, _ *stream, tk *talker, _ func()) { s.as("a", "DELETE", tk.path) }},
		{"session dies", channel.ReasonNoSession, func(_ *site, _ *stream, tk *talker, _ func()) { _ = tk.Close() }},
		{"event stream ends", channel.ReasonNoEvents, func(_ *site, st *stream, _ *talker, _ func()) { st.close() }},
		{"no sound comes", channel.ReasonSilent, func(_ *site, _ *stream, _ *talker, hush func()) { hush() }},
		{"rights are taken away", channel.ReasonRevoked, func(s *site, _ *stream, _ *talker, _ func()) {
			if _, err := s.state.RevokeRights(t.Context(), "a", channelID); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			st, tk := s.browser("a")
			other := s.stream("b")
			hush := tk.murmur()
			s.grants("a")
			other.see(t, "a has the floor", func() bool { return other.holder() == "a" })
			tc.die(s, st, tk, hush)
			other.see(t, "the floor is free", func() bool { return other.holder() == "" })
			eventually(t, "the lock is gone", func() bool { return !s.locked() })
			other.see(t, "the reason is told", func() bool {
				for _, n := range other.notices {
					if n.Kind == tc.kind && n.UserID == "a" {
						return true
					}
				}
				return false
			})
		})
	}
}

// The hub lets go as soon as it learns of a withdrawal, not at the next renewal.
func TestWithdrawalEndsTheFloorAtOnce(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Lease, c.LockTTL = time.Hour, time.Hour })
	_, a := s.browser("a")
	a.murmur()
	s.grants("a")
	if _, err := s.state.RevokeRights(t.Context(), "a", channelID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lock is gone", func() bool { return !s.locked() })
}

// A dispatcher takes talk rights away and gives them back; the talker falls
// silent though its lock would live on.
func TestDispatcherChangesRights(t *testing.T) {
	s := newSite(t)
	_, a := s.browser("a")
	e := s.ear("b")
	a.murmur()
	s.grants("a")
	eventually(t, "a is heard", func() bool { return e.count() > 3 })
	const path = "/api/channels/" + channelID + "/members/a/rights"
	if got := s.as("b", "DELETE", path); got.status != http.StatusForbidden {
		t.Errorf("a GENERAL takes rights away: %d %s", got.status, got.body)
	}
	boss := claims("boss")
	boss.Role = "DISPATCH"
	if got := s.do(t.Context(), "DELETE", path, tokenOf(t, boss), "", ""); got.status != http.StatusNoContent {
		t.Fatalf("a dispatcher takes rights away: %d %s", got.status, got.body)
	}
	if s.redis.Do("SISMEMBER", "u.a.g", channelID) != int64(0) || s.redis.Do("SISMEMBER", "g.ops.u", "a") != int64(0) {
		t.Error("Redis still has the rights")
	}
	s.admits("")
	s.knows("a", false)
	if status, f := s.press("a"); status != http.StatusForbidden {
		t.Errorf("ask without rights: %d %+v", status, f)
	}
	admin := claims("root")
	admin.GlobalRole, admin.ChannelIDs = "ADMIN", nil
	if got := s.do(t.Context(), "PUT", path, tokenOf(t, admin), "", ""); got.status != http.StatusNoContent {
		t.Fatalf("an admin gives rights back: %d %s", got.status, got.body)
	}
	s.knows("a", true)
	s.grants("a")
}

// The hub goes down cleanly: it gives back what it held, and ends what it ran.
func TestShutdownGivesTheFloorBack(t *testing.T) {
	s := newSite(t)
	_, a := s.browser("a")
	a.murmur()
	s.grants("a")
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if s.locked() {
		t.Error("the lock is still there")
	}
}

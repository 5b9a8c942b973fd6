package guard_test

import (
	"testing"
	"time"
)

// rogueTime is how long a rogue keeps trying.
const rogueTime = 12 * time.Second

// TestARogueThatGoesOn has a member without the floor send without end, unmute itself
// at once whenever it is muted, and join again whenever its session or its permission
// ends. What a listener hears of it is measured.
func TestARogueThatGoesOn(t *testing.T) {
	for _, tc := range []struct {
		name  string
		frame []byte
	}{{"frames of 20 ms", frame}, {"frames of 120 ms", longFrame}} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, 2)
			s.grant("rogue")
			s.grant("listener")
			listener := s.join("listener")
			s.guarded()
			joins, sent := 0, uint64(0)
			for end := time.Now().Add(rogueTime); time.Now().Before(end); {
				rogue, err := s.tryJoin("c1", "rogue", true)
				if err != nil {
					continue
				}
				joins++
				s.sends(rogue, tc.frame)
				rogue.sending.Store(true)
				for rogue.MayPublish() && rogue.Err() == nil && time.Now().Before(end) {
					time.Sleep(5 * time.Millisecond)
				}
				sent += rogue.sent.Load()
				rogue.Close()
			}
			heard := time.Duration(listener.speech.Load())
			t.Logf("of %d packets in %d sessions a listener heard %v", sent, joins, heard)
			if joins < 4 {
				t.Errorf("the rogue joined %d times: the test shows nothing", joins)
			}
			// 300 ms on a machine that has time; a busy one reacts later.
			if heard > 600*time.Millisecond {
				t.Errorf("a rogue was heard for %v", heard)
			}
			for _, g := range s.guards {
				if st := g.Status(); st.Mutes > 2 {
					t.Errorf("a rogue that goes on is only muted: %+v", st)
				}
			}
		})
	}
}

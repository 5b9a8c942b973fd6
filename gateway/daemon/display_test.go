package daemon

import (
	"testing"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
)

// TestWhatADisplayShows: who talks, why not, and what is missing, before there is a port, too.
func TestWhatADisplayShows(t *testing.T) {
	lacks := "sound card Device"
	health := status.NewHealth("gates", func() pulse.Counts { return pulse.Counts{} }, func() string { return lacks }, clock.New(nil))
	if v := viewOf(health, nil); v.Channel != "gates" || v.Missing != "waiting for hardware: sound card Device" {
		t.Errorf("without hardware: %+v", v)
	}
	lacks = ""
	good := port.Status{Channel: "gates", Redis: true, Lamps: hal.Lamps{Link: true}}
	good.Floor.Rights, good.Floor.Link = true, true
	for name, tc := range map[string]struct {
		change                 func(*port.Status)
		talker, state, missing string
		ours                   bool
	}{
		"idle":    {func(*port.Status) {}, "", "free", "", false},
		"heard":   {func(s *port.Status) { s.Taken, s.Holder, s.HolderName = true, "north", "North gate" }, "North gate", "in use", "", false},
		"nobody":  {func(s *port.Status) { s.Taken = true }, "?", "in use", "", false},
		"talking": {func(s *port.Status) { s.Floor.Phase, s.Taken, s.Holder = floor.Talking, true, "me" }, "me", "talking", "", true},
		"denied":  {func(s *port.Status) { s.Floor.Phase, s.Floor.Why = floor.Refused, floor.Banned }, "", "banned", "", false},
		"away":    {func(s *port.Status) { s.Redis, s.Lamps.Link = false, false }, "", "free", "waiting for Redis", false},
	} {
		s := good
		tc.change(&s)
		health.Observe(s)
		v := viewOf(health, nil)
		if v.Talker != tc.talker || v.State != tc.state || v.Missing != tc.missing || v.Ours != tc.ours {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

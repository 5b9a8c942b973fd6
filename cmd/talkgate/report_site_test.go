package main

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
)

// sighted waits until the fleet knows of a gateway what ok asks for.
func (s *site) sighted(gateway, what string, ok func(fleet.Sighting) bool) {
	s.t.Helper()
	var last fleet.Sighting
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, err := s.state.ReadReports(s.t.Context(), gateway)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(all) == 1 {
			if last = all[0]; ok(last) {
				return
			}
		}
	}
	s.t.Fatalf("never: %s; the last report is %+v", what, last)
}

// TestFleetKnowsItsGateways: what a process does is in Redis within a heartbeat.
func TestFleetKnowsItsGateways(t *testing.T) {
	s := newSite(t)
	config := s.prepare("north")
	s.write("north.yaml", s.read("north.yaml")+"status: {report: 1s}\n")
	s.grant("north")
	north := start(t, "north", "run", "--config", config)
	north.until(`^state=idle lamps=link `)
	s.sighted("north", "it is on air", func(g fleet.Sighting) bool {
		r := g.Report
		return g.Live && g.Err == nil && r.Health.OnAir && r.Health.Redis && r.Health.Rights && r.Lamps.Link && r.Link.Up &&
			r.Floor.State == "idle" && r.Channel == "gates" && r.Name == "The north gate" && r.Version != ""
	})
	north.say("press")
	s.sighted("north", "it talks", func(g fleet.Sighting) bool {
		r := g.Report
		return r.Lamps.Talk && r.Floor.State == "talking" && r.Floor.Holder == "north" && r.Levels.Mic > -60 && r.Floor.Sent > 0
	})
	s.sighted("north", "the hub told it what arrived", func(g fleet.Sighting) bool {
		r := g.Report
		return r.Link.Out != nil && r.Link.Out.Loss < 1 && r.Link.RTT > 0
	})
	s.revoke("north")
	s.sighted("north", "it was silenced", func(g fleet.Sighting) bool {
		return !g.Report.Health.Rights && !g.Report.Health.OnAir && g.Report.Floor.Why == "the right to talk was taken away"
	})
	forget := func(want int) {
		t.Helper()
		if code, _, stderr := talkgate(t, "", "fleet", "forget", "north", "--redis", s.redisURL); code != want {
			t.Errorf("exit code %d, expected %d: %s", code, want, stderr)
		}
	}
	forget(exitFailed) // it still reports
	north.say("quit")
	s.sighted("north", "it was stopped", func(g fleet.Sighting) bool { return !g.Live && g.Report.Health.Standing == "stopped" })
	forget(exitOK)
	if all, err := s.state.Reports(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("still known: %+v, %v", all, err)
	}
	forget(exitFailed) // nobody knows it
}

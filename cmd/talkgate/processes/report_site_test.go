package processes

import (
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/fleet"
)

// TestFleetKnowsItsGateways: what a process does is in Redis within a heartbeat.
func TestFleetKnowsItsGateways(t *testing.T) {
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Write("north.yaml", s.Read("north.yaml")+"status: {report: 1s}\n")
	s.Grant("north")
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	north.Until(`^state=idle lamps=link `)
	s.Sighted("north", "it is on air", func(g fleet.Sighting) bool {
		r := g.Report
		return g.Live && g.Err == nil && r.Health.OnAir && r.Health.Redis && r.Health.Rights && r.Lamps.Link && r.Link.Up &&
			r.Floor.State == "idle" && r.Channel == "gates" && r.Name == "The north gate" && r.Version != ""
	})
	north.Say("press")
	s.Sighted("north", "it talks", func(g fleet.Sighting) bool {
		r := g.Report
		return r.Lamps.Talk && r.Floor.State == "talking" && r.Floor.Holder == "north" && r.Levels.Mic > -60 && r.Floor.Sent > 0
	})
	s.Sighted("north", "the hub told it what arrived", func(g fleet.Sighting) bool {
		r := g.Report
		return r.Link.Out != nil && r.Link.Out.Loss < 1 && r.Link.RTT > 0
	})
	s.Revoke("north")
	s.Sighted("north", "it was silenced", func(g fleet.Sighting) bool {
		return !g.Report.Health.Rights && !g.Report.Health.OnAir && g.Report.Floor.Why == "the right to talk was taken away"
	})
	forget := func(want int) {
		t.Helper()
		if code, _, stderr := talkgatetest.Run(t, "", "fleet", "forget", "north", "--redis", s.RedisURL); code != want {
			t.Errorf("exit code %d, expected %d: %s", code, want, stderr)
		}
	}
	forget(talkgatetest.ExitFailed) // it still reports
	north.Say("quit")
	s.Sighted("north", "it was stopped", func(g fleet.Sighting) bool { return !g.Live && g.Report.Health.Summary == "stopped" })
	forget(talkgatetest.ExitOK)
	if all, err := s.State.Reports(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("still known: %+v, %v", all, err)
	}
	forget(talkgatetest.ExitFailed) // nobody knows it
}

package processes

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/fleet"
)

const missingHardware = "hardware: {driver: board, ptt: {chip: no-such-chip, line: PTT}, sound: {microphone: {card: no-such-card}, speaker: {card: no-such-card}}}\n"

// TestAGatewayWithoutItsHardwareIsSeen: it waits, and whoever looks at the fleet
// reads for what.
func TestAGatewayWithoutItsHardwareIsSeen(t *testing.T) {
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Grant("north")
	s.Write("north.yaml", strings.Replace(s.Read("north.yaml"), "hardware: {driver: sim}\n", missingHardware, 1)+"status: {report: 1s}\n")
	north := talkgatetest.Start(t, "north", "run", "--config", config)
	north.Until(`msg="hardware is missing; waiting for it"`)
	s.Sighted("north", "it waits for its card", func(g fleet.Sighting) bool {
		r := g.Report
		return g.Live && g.Err == nil && !r.Health.OnAir && r.Channel == "gates" && r.Levels.Mic <= -90 &&
			strings.HasPrefix(r.Health.Summary, "waiting for hardware: ") && strings.Contains(r.Health.Summary, "no-such-card")
	})
	_, out, _ := talkgatetest.Run(t, "", "fleet", "status", "--redis", s.RedisURL)
	if !strings.Contains(out, "waiting for hardware: ") {
		t.Errorf("an operator reads\n%s", out)
	}
}

// TestNoDocumentIsToBlameForHardwareThatWasMissing: a gateway that waits for its
// hardware takes what it is told; it would halt everybody's rollout otherwise.
func TestNoDocumentIsToBlameForHardwareThatWasMissing(t *testing.T) {
	s := newFleetSite(t)
	s.layers("")
	s.Write("fleet.yaml", strings.Replace(s.Read("fleet.yaml"), "  hardware: {driver: sim}\n", "", 1))
	s.fleet(talkgatetest.ExitOK, "apply", "-f", s.Path("fleet.yaml"))
	s.More = missingHardware
	north := s.member("north")
	north.Until(`msg="hardware is missing; waiting for it"`)
	s.Write("fleet.yaml", strings.Replace(s.Read("fleet.yaml"), "level: info", "level: debug", 1))
	s.says(s.fleet(talkgatetest.ExitFailed, "apply", "-f", s.Path("fleet.yaml"), "--canary", "5%"), "on air")
	s.fleet(talkgatetest.ExitOK, "apply", "-f", s.Path("fleet.yaml"))
	versions, err := s.State.FleetHistory(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Sighted("north", "it takes what it is told", func(g fleet.Sighting) bool {
		if strings.Contains(g.Report.Applied.Error, "no-such") {
			t.Fatalf("the document is to blame: %+v", g.Report.Applied)
		}
		return g.Live && g.Report.Applied.Version == versions[0].Version && strings.HasPrefix(g.Report.Health.Summary, "waiting for hardware")
	})
}

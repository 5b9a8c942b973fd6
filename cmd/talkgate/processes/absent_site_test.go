package processes

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/fleet"
)

// TestAGatewayWithoutDocumentsIsSeen: it waits to be told what to be, and whoever
// looks at the fleet reads so, and whether it refuses what it is told.
func TestAGatewayWithoutDocumentsIsSeen(t *testing.T) {
	s := newFleetSite(t)
	s.layers("")
	north := s.member("north")
	s.Sighted("north", "it waits for documents", func(g fleet.Sighting) bool {
		return g.Live && !g.Report.Health.OnAir && g.Report.Health.Summary == "waiting for the fleet's documents" && g.Report.Group == "gates"
	})
	ours := s.Read("fleet.key")
	if code, _, stderr := talkgatetest.Run(t, "", "fleet", "keygen", "--out", s.Path("other.key")); code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	s.Write("fleet.key", s.Read("other.key"))
	s.fleet(talkgatetest.ExitOK, "apply", "-f", s.Path("fleet.yaml"))
	s.Sighted("north", "it refuses what another signed", func(g fleet.Sighting) bool {
		return g.Live && g.Report.Applied.Result == fleet.ResultRefused && strings.Contains(g.Report.Applied.Error, "not the fleet's")
	})
	s.Write("fleet.key", ours)
	s.fleet(talkgatetest.ExitOK, "apply", "-f", s.Path("fleet.yaml"), "--force")
	north.Until(`^state=idle lamps=link `)
	s.Sighted("north", "it is on air", func(g fleet.Sighting) bool { return g.Live && g.Report.Health.OnAir })
}

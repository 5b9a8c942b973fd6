package main

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/state/fleet"
)

// TestAGatewayWithoutDocumentsIsSeen: it waits to be told what to be, and whoever
// looks at the fleet reads so, and whether it refuses what it is told.
func TestAGatewayWithoutDocumentsIsSeen(t *testing.T) {
	s := newFleetSite(t)
	s.layers("")
	north := s.member("north")
	s.sighted("north", "it waits for documents", func(g fleet.Sighting) bool {
		return g.Live && !g.Report.Health.OnAir && g.Report.Health.Standing == "waiting for the fleet's documents" && g.Report.Group == "gates"
	})
	ours := s.read("fleet.key")
	if code, _, stderr := talkgate(t, "", "fleet", "keygen", "--out", s.path("other.key")); code != exitOK {
		t.Fatal(stderr)
	}
	s.write("fleet.key", s.read("other.key"))
	s.fleet(exitOK, "apply", "-f", s.path("fleet.yaml"))
	s.sighted("north", "it refuses what another signed", func(g fleet.Sighting) bool {
		return g.Live && g.Report.Applied.Result == fleet.ResultRefused && strings.Contains(g.Report.Applied.Error, "not the fleet's")
	})
	s.write("fleet.key", ours)
	s.fleet(exitOK, "apply", "-f", s.path("fleet.yaml"), "--force")
	north.until(`^state=idle lamps=link `)
	s.sighted("north", "it is on air", func(g fleet.Sighting) bool { return g.Live && g.Report.Health.OnAir })
}

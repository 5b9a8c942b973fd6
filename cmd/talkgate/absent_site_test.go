package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal"
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

// TestAGatewayIsSeenBeforeItHasAPort: what it reports says what is missing, and is a
// whole report.
func TestAGatewayIsSeenBeforeItHasAPort(t *testing.T) {
	h := &heart{}
	care := &portCare{tuner: &tuner{heart: h}}
	cfg := config.Default()
	cfg.Identity.UserID, cfg.Link = "north", config.Link{}
	g := newGauges(cfg, care, nil, nil, func() fleet.Applied { return fleet.Applied{Version: 3} })
	if r := g.report(); r.Health.Standing != "starting" {
		t.Errorf("at its start: %+v", r)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	lacks := fmt.Errorf("hardware.ptt: chip \x1b[1m %w\nand %s", hal.ErrGone, strings.Repeat("more ", 200))
	go func() {
		_, err := h.await(ctx, cfg.Hardware, slog.New(slog.DiscardHandler), func() (board, error) { return board{}, lacks })
		done <- err
	}()
	var r fleet.Report
	for h.missing() == "" {
		time.Sleep(time.Millisecond)
	}
	r = g.report()
	r.V = fleet.ReportVersion
	if err := r.Validate(); err != nil || r.Health.OnAir || !strings.HasPrefix(r.Health.Standing, "waiting for hardware: hardware.ptt: chip") || r.Applied.Version != 3 {
		t.Errorf("%v: %+v", err, r)
	}
	// For what is missing already no document is to blame, but for other hardware.
	m := &member{care: care}
	care.tuner.cfg = cfg
	other := *cfg.Hardware.Board
	other.PTT.Chip, other.PTT.Line = "no-such-chip", "PTT"
	cfg.Hardware.Board = &other
	if err := m.Check(cfg); err == nil {
		t.Error("hardware that is not there is taken from a document")
	}
	care.tuner.cfg = cfg
	if err := m.Check(cfg); err != nil {
		t.Error(err)
	}
	stop()
	<-done
	h.lacks.Store(nil)
	if err := m.Check(cfg); err == nil {
		t.Error("hardware that is not there is not missed")
	}
}

package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/fleet"
)

// lacking are drivers of a board that lacks something.
type lacking struct {
	Drivers
	err     error
	checked bool // what Check was asked last
}

func (l *lacking) Hardware(config.Hardware, func()) (Board, error) { return Board{}, l.err }
func (l *lacking) ShowMissing(config.Hardware) func()              { return func() {} }
func (l *lacking) Check(_ config.Config, hardware bool, _ *slog.Logger) error {
	l.checked = hardware
	return nil
}

// noLink is a link that carries nothing.
type noLink struct{}

func (noLink) Quality() port.LinkQuality { return port.LinkQuality{} }
func (noLink) Token() status.Token       { return status.Token{} }

// TestAGatewayIsSeenBeforeItHasAPort: what it reports says what is missing, and is a
// whole report.
func TestAGatewayIsSeenBeforeItHasAPort(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s := &starter{}
	health := status.NewHealth("gates", s.pulse, s.missing, clock.New(log))
	cfg := config.Default()
	cfg.Identity.UserID, cfg.Link = "north", config.Link{}
	g := status.NewGateway(cfg, health, noLink{}, nil, func() fleet.Applied { return fleet.Applied{Version: 3} }, nil)
	if r := g.Report(); r.Health.Summary != "starting" {
		t.Errorf("at its start: %+v", r)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	drivers := &lacking{err: fmt.Errorf("hardware.ptt: chip \x1b[1m %w\nand %s", hal.ErrGone, strings.Repeat("more ", 200))}
	go func() {
		_, err := s.await(ctx, cfg.Hardware, drivers, func() {}, log)
		done <- err
	}()
	for s.missing() == "" {
		time.Sleep(time.Millisecond)
	}
	r := g.Report()
	r.V = fleet.ReportVersion
	if err := r.Validate(); err != nil || r.Health.OnAir || !strings.HasPrefix(r.Health.Summary, "waiting for hardware: hardware.ptt: chip") || r.Applied.Version != 3 {
		t.Errorf("%v: %+v", err, r)
	}
	// For what is missing already no document is to blame, but for other hardware.
	live := &reloader{starter: s, cfg: cfg}
	m := &membership{drivers: drivers, port: &livePort{health: health, reloader: live}, log: log}
	other := *cfg.Hardware.Board
	other.PTT.Chip, other.PTT.Line = "no-such-chip", "PTT"
	cfg.Hardware.Board = &other
	checks := func() bool {
		if err := m.Check(cfg); err != nil {
			t.Error(err)
		}
		return drivers.checked
	}
	if !checks() {
		t.Error("other hardware of a document is not checked")
	}
	live.cfg = cfg
	if checks() {
		t.Error("hardware that is missing already is checked")
	}
	stop()
	<-done
	s.lacks.Store(nil)
	if !checks() {
		t.Error("hardware that was there is not checked")
	}
}

package status

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/talkgate/talkgate/gateway/build"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/capture"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/fleet"
)

// LinkQuality is what is asked of a port's links.
type LinkQuality interface {
	// Quality is how well they carried.
	Quality() port.LinkQuality
	// Token is how long the links' token is good, and whether it is renewed.
	Token() Token
}

// Gateway is the Source of a gateway that waits for its hardware: it has no port.
type Gateway struct {
	cfg      config.Config
	health   *Health
	link     LinkQuality
	monitors *monitors // who talks on the channels that are only listened to
	board    boardHealth
	began    time.Time
	applied  func() fleet.Applied // what became of the fleet's documents
	metrics  *metrics.Registry
	display  func() bool // whether the display answers; nil without one
}

// NewGateway is the source of a gateway whose process has just started. display is whether
// its display answers, and nil without one.
func NewGateway(cfg config.Config, health *Health, link LinkQuality, floor FloorReader, applied func() fleet.Applied, display func() bool) *Gateway {
	return &Gateway{
		cfg: cfg, health: health, link: link, monitors: newMonitors(cfg, floor), applied: applied, display: display,
		board: boardHealth{os.DirFS("/sys")}, began: time.Now(), metrics: metrics.New(),
	}
}

// Metrics implements Source.
func (g *Gateway) Metrics() http.Handler { return g.metrics }

// Report implements Source.
func (g *Gateway) Report() fleet.Report {
	_, summary := g.health.Summary()
	r := Absent(g.cfg, summary, g.applied())
	r.Up, r.Board, r.Link.Token = g.up(), g.board.read(), g.link.Token().fleet()
	return r
}

// Port implements Source.
func (g *Gateway) Port(context.Context) Port {
	s := g.port()
	s.Faults = append(g.faultsBefore(), g.faultsOfBoard(s.Board)...)
	return s
}

// port is what a gateway says of itself with and without a port.
func (g *Gateway) port() Port {
	quality := g.link.Quality()
	s := Port{
		Channel: g.health.Channel(), UserID: g.cfg.Identity.UserID, UserName: g.cfg.Identity.UserName,
		Version: build.Version(), Up: g.up(), Board: g.board.read(), State: "idle",
		Speaker: silence, Microphone: micStatus{RMS: silence, Peak: silence},
		Radio: port.RadioStatus{Microphone: capture.Status{DBFS: silence}},
		Lines: []lineStatus{}, Selector: g.cfg.Selector.List(), RTT: Milliseconds(quality.RTT), Copies: quality.Out.Copies, Token: g.link.Token(),
	}
	s.OnAir, s.Summary = g.health.Summary()
	return s
}

// up is for how many seconds the process has been running.
func (g *Gateway) up() int64 { return int64(time.Since(g.began).Seconds()) }

// fleetQuality is nil while nothing was measured.
func fleetQuality(now, before media.Reception) *fleet.Quality {
	if now.Expected == 0 {
		return nil
	}
	q := &fleet.Quality{Jitter: Milliseconds(now.Jitter)}
	if since := now.Since(before); since.Expected > 0 {
		q.Loss = float64(since.Lost()) / float64(since.Expected)
	}
	return q
}

// Milliseconds is d in milliseconds, exact to a microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

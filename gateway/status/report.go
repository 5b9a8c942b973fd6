package status

import (
	"github.com/talkgate/talkgate/gateway/build"

	"os"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/fleet"
)

// linkQuality is what is asked of a port's links.
type linkQuality interface {
	Quality() port.LinkQuality
	Hears() string
}

// stallTime is how far apart two looks at the port's loops have to be.
const stallTime = 2 * time.Second

// Gauges is all that can be read off a port. Reading takes atomics and small files;
// the port knows nothing of it.
type Gauges struct {
	cfg  config.Config
	care *Health
	link linkQuality
	// monitors is who talks on the channels that are only listened on.
	monitors *monitors

	board   boardHealth
	version string
	began   time.Time
	// applied is what became of the fleet's documents.
	applied func() fleet.Applied

	mu sync.Mutex
	// Until attach there is no port. Who is made after it needs no lock for these.
	port    *port.Port
	hw      port.Hardware
	pulse   port.Pulse
	pulseAt time.Time
	stalled []string
	heard   port.LinkQuality // at the report before
}

func NewGauges(cfg config.Config, care *Health, link linkQuality, floor FloorReader, applied func() fleet.Applied) *Gauges {
	return &Gauges{cfg: cfg, care: care, link: link, monitors: newMonitors(cfg, link.Hears, floor), applied: applied,
		board: boardHealth{os.DirFS("/sys")}, version: build.Version(), began: time.Now()}
}

// Attach puts them on a port.
func (g *Gauges) Attach(p *port.Port, hw port.Hardware) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.port, g.hw = p, hw
	g.pulseAt, g.pulse = time.Now(), p.Pulse()
}

// attached is the port and its hardware; nil before attach.
func (g *Gauges) attached() (*port.Port, port.Hardware) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.port, g.hw
}

// stalls names the loops that stand still.
func (g *Gauges) stalls() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.port == nil {
		return nil
	}
	return g.lookForStalls(time.Now())
}

// xruns is how often the sound card ran full or empty.
func (g *Gauges) xruns() (microphone, speaker uint64) {
	return xrunsOf(g.hw.Mic), xrunsOf(g.hw.Speaker)
}

// xrunsOf is 0 for a device that does not count.
func xrunsOf(device any) uint64 {
	if d, ok := device.(interface{ Xruns() uint64 }); ok {
		return d.Xruns()
	}
	return 0
}

// Report is the port as it is now; how the link carried is counted from the
// report before.
func (g *Gauges) Report() fleet.Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	_, standing := g.care.Standing()
	r := Absent(g.cfg, standing, g.applied())
	r.Up, r.Board = int64(now.Sub(g.began).Seconds()), g.board.read()
	if g.port == nil {
		return r
	}
	r.Levels = fleet.Levels{Mic: g.port.MicLevel().RMS(), Speaker: g.port.SpeakerLevel().RMS()}
	mic, speaker := g.xruns()
	r.Health.Xruns, r.Health.Stalled = mic+speaker, g.lookForStalls(now)
	r.Health.OnAir, r.Health.Standing = g.care.Standing()
	r.Floor.Sent, r.Floor.Heard = g.port.TalkStats().Sent, g.port.HeardStats().Spurts
	if s := g.care.Status.Load(); s != nil {
		r.Channel, r.Monitor = s.Channel, g.monitors.beside(s.Channel)
		r.Health.Redis, r.Health.Rights, r.Link.Up = s.Redis, s.Floor.Rights, s.Link == port.NoFault
		r.Floor.State, r.Floor.Why, r.Floor.Holder = phaseWord(s.Floor.Phase), port.Why(s.Floor), s.Holder
		r.Lamps = fleet.Lamps(s.Lamps)
	}
	q := g.link.Quality()
	r.Link.RTT = Milliseconds(q.RTT)
	r.Link.In, r.Link.Out = fleetQuality(q.In, g.heard.In), fleetQuality(q.Out, g.heard.Out)
	g.heard = q
	return r
}

// lookForStalls names the loops that stood still between the last two looks.
func (g *Gauges) lookForStalls(now time.Time) []string {
	if now.Sub(g.pulseAt) < stallTime {
		return g.stalled
	}
	pulse := g.port.Pulse()
	g.stalled = nil
	for _, part := range pulse.Stalled(g.pulse) {
		g.stalled = append(g.stalled, part.String())
	}
	g.pulse, g.pulseAt = pulse, now
	return g.stalled
}

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

func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

package status

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/talkgate/talkgate/gateway/metrics"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/state/fleet"
)

// stallTime is how far apart two comparisons of the port's loops are at least.
const stallTime = 2 * time.Second

// Running is the Source of a gateway whose port runs. It reads atomics and small files;
// the port knows nothing of it.
type Running struct {
	gateway *Gateway
	port    *port.Port
	hw      port.Hardware
	metrics *metrics.Registry

	mu      sync.Mutex
	pulse   pulse.Counts
	pulseAt time.Time
	stalled []string
	heard   port.LinkQuality // at the report before
}

// Running is the source once the gateway has a port on hw.
func (g *Gateway) Running(p *port.Port, hw port.Hardware) *Running {
	r := &Running{gateway: g, port: p, hw: hw, metrics: metrics.New(), pulseAt: time.Now(), pulse: p.Pulse()}
	registerPort(r.metrics, r)
	return r
}

// Metrics implements Source.
func (r *Running) Metrics() http.Handler { return r.metrics }

// Report implements Source. How the link carried is counted from the report before.
func (r *Running) Report() fleet.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, report := r.gateway, r.gateway.Report()
	report.Levels = fleet.Levels{Mic: r.port.MicLevel().RMS(), Speaker: r.port.SpeakerLevel().RMS()}
	mic, speaker := r.xruns()
	report.Health.Xruns, report.Health.Stalled = mic+speaker, r.stalls(time.Now())
	report.Health.OnAir, report.Health.Summary = g.health.Summary()
	report.Floor.Sent, report.Floor.Heard = r.port.TalkStats().Sent, r.port.HeardStats().Spurts
	if s, ok := g.health.Latest(); ok {
		report.Channel, report.Monitor = s.Channel, g.monitors.beside(s.Channel)
		report.Health.Redis, report.Health.Rights, report.Link.Up = s.Redis, s.Floor.Rights, s.Link == port.NoFault
		report.Floor.State, report.Floor.Why, report.Floor.Holder = phaseWord(s.Floor.Phase), port.Why(s.Floor), s.Holder
		report.Lamps = fleet.Lamps(s.Lamps)
	}
	q := g.link.Quality()
	report.Link.RTT = Milliseconds(q.RTT)
	report.Link.In, report.Link.Out = fleetQuality(q.In, r.heard.In), fleetQuality(q.Out, r.heard.Out)
	r.heard = q
	return report
}

// Port implements Source.
func (r *Running) Port(ctx context.Context) Port {
	g, p := r.gateway, r.port
	s := g.port()
	s.Faults = r.faults(s.Board)
	s.Talked, s.Heard, s.Speaker = p.TalkStats(), p.HeardStats(), p.SpeakerLevel().RMS()
	s.Microphone, s.Keying, s.Squelch, s.Radio = micStatusOf(p), p.KeyStats(), p.SquelchStats(), p.RadioStatus()
	s.Lines = readLines(r.hw)
	mic, speaker := r.xruns()
	s.Xruns = mic + speaker
	now, ok := g.health.Latest()
	if s.Running = ok; !ok {
		return s
	}
	s.State, s.Why = phaseWord(now.Floor.Phase), port.Why(now.Floor)
	s.Redis, s.Link, s.LinkFault, s.Rights = now.Redis, now.Floor.Link, now.Link, now.Floor.Rights
	s.KeyFault = now.Key
	s.Holder, s.HolderName, s.Lamps = now.Holder, now.HolderName, now.Lamps
	s.Channels = g.monitors.read(ctx, s.Channel, p.Hears(), now)
	s.Emergency = now.Emergency
	return s
}

// stalls names the loops that did not move between the last two comparisons. The
// caller holds mu.
func (r *Running) stalls(now time.Time) []string {
	if now.Sub(r.pulseAt) < stallTime {
		return r.stalled
	}
	pulse := r.port.Pulse()
	r.stalled = nil
	for _, part := range pulse.Stalled(r.pulse) {
		r.stalled = append(r.stalled, part.String())
	}
	r.pulse, r.pulseAt = pulse, now
	return r.stalled
}

// xruns is how often the sound card ran full or empty.
func (r *Running) xruns() (microphone, speaker uint64) {
	return xrunsOf(r.hw.Mic), xrunsOf(r.hw.Speaker)
}

// xrunsOf is 0 for a device that does not count.
func xrunsOf(device any) uint64 {
	if d, ok := device.(interface{ Xruns() uint64 }); ok {
		return d.Xruns()
	}
	return 0
}

package status

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/talkgate/talkgate/state/fleet"
)

// Source tells how a gateway is. Any goroutine may ask.
type Source interface {
	// Port is for /status and the page.
	Port(ctx context.Context) Port
	// Report is for the fleet.
	Report() fleet.Report
	// Metrics are for Prometheus.
	Metrics() http.Handler
}

// View shows one source at a time: a Gateway while hardware is waited for, a Running
// port afterwards.
type View struct{ source atomic.Pointer[Source] }

// NewView shows s.
func NewView(s Source) *View {
	v := &View{}
	v.Show(s)
	return v
}

// Show shows s from now on.
func (v *View) Show(s Source) { v.source.Store(&s) }

// Port implements Source.
func (v *View) Port(ctx context.Context) Port { return (*v.source.Load()).Port(ctx) }

// Report implements Source.
func (v *View) Report() fleet.Report { return (*v.source.Load()).Report() }

// Metrics implements Source.
func (v *View) Metrics() http.Handler { return (*v.source.Load()).Metrics() }

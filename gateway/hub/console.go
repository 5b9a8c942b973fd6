package hub

import (
	"context"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/hub/recall"
)

// consoleState is what consoles need of the shared state.
type consoleState interface {
	fleetReader
	deskReader
	rolloutReader
	manager
	rightsWriter
}

// console serves those who manage channels: what they see of channels and gateways, and
// what they change.
type console struct {
	state       consoleState
	fleet       *fleetView
	emergencies *emergencies
	recall      *recall.Store
	parrots     chan struct{} // one for each gateway that is asked now
	log         *slog.Logger
}

func newConsole(state consoleState, fleet *fleetView, e *emergencies, r *recall.Store, log *slog.Logger) *console {
	return &console{state: state, fleet: fleet, emergencies: e, recall: r, parrots: make(chan struct{}, maxParrots), log: log}
}

// run keeps up with the gateways until ctx ends.
func (s *console) run(ctx context.Context) { s.fleet.follow(ctx, s.state) }

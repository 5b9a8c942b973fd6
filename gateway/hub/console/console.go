package console

import (
	"context"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/hub/emergency"
	"github.com/talkgate/talkgate/gateway/hub/recall"
)

// State is what a Console needs of Redis.
type State interface {
	fleetReader
	channelReader
	rolloutReader
	dispatcherState
	guardReader
	rightsWriter
}

// Console serves the console's routes: reading channels and gateways, and changing
// rights, pauses and configuration.
type Console struct {
	state       State
	Fleet       *Fleet
	Guards      *Guards
	emergencies *emergency.Monitor
	recall      *recall.Store
	parrots     chan struct{} // one for each gateway that is asked now
	log         *slog.Logger
}

// New returns a console. Run keeps it up to date.
func New(state State, fleet *Fleet, e *emergency.Monitor, r *recall.Store, log *slog.Logger) *Console {
	guards := &Guards{state: state, inUse: fleet.linked, log: log}
	return &Console{state: state, Fleet: fleet, Guards: guards, emergencies: e, recall: r, parrots: make(chan struct{}, MaxParrots), log: log}
}

// Run follows the gateways' reports until ctx ends.
func (s *Console) Run(ctx context.Context) { s.Fleet.follow(ctx, s.state) }

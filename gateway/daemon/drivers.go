package daemon

import (
	"context"
	"errors"
	"log/slog"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/echotest"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/redis"
)

// ErrRestart is wrapped by an error after which the port can go on in a new process
// only.
var ErrRestart = errors.New("the program has to start anew")

// Drivers opens what a port touches. The command picks them.
type Drivers interface {
	// Hardware opens what cfg names, or nothing. The error wraps hal.ErrGone when
	// something is not there, and ErrRestart when only a new process can open it. A
	// virtual radio calls quit when it is told to.
	Hardware(cfg config.Hardware, quit func()) (Board, error)
	// ShowMissing lights the alert lamp of hardware that is not all there, if the lamp
	// is, until it is called back.
	ShowMissing(cfg config.Hardware) (end func())
	// Display opens the display of a board. The error wraps hal.ErrGone where there is
	// no such bus; the display itself may be missing.
	Display(cfg config.Display) (hal.Display, error)
	// Mixer lists the controls of the sound cards with their values, and names the card
	// for which good settings are known.
	Mixer(cfg config.Hardware) (controls []string, known string, err error)
	// Inputs lists the input devices with keys that are there, used or not.
	Inputs() ([]string, error)
	// Links makes the links of all channels that the port can be on; on says on which it
	// is. It does not connect.
	Links(cfg config.Config, on func() string, state *redis.Client, log *slog.Logger) (Links, error)
	// Check looks whether what the links need, and the hardware if asked for, is on this
	// board. It opens and connects nothing: a port that runs has them.
	Check(cfg config.Config, hardware bool, log *slog.Logger) error
	// Parrot sends a tone to the channel server and measures what comes back, by
	// sessions of its own: the channel hears nothing.
	Parrot(ctx context.Context, cfg config.Config, log *slog.Logger) (echotest.Result, error)
}

// Board is opened hardware.
type Board struct {
	port.Hardware
	// Record is the flight recorder's button; nil where it is not wired.
	Record hal.Input
	// Observe wants to know what the port does; nil where nobody does.
	Observe func(port.Status)
	// Run is what the hardware has to do beside the port until ctx ends; nil
	// where that is nothing.
	Run func(ctx context.Context)
}

// Links are the links of a port: one, or one for each channel of its selector.
type Links interface {
	// Channels are in the selector's order.
	Channels() []string
	// Link is that of one of Channels.
	Link(channel string) port.Link
	// Lock takes the floor of any of Channels.
	Lock() port.SpeakerLock
	// Floors follows floors as w does, and knows what a server tells besides.
	Floors(w port.FloorWatcher) port.FloorWatcher
	// Quality is how well all links together carried; the round trip is of the one that
	// the port is on.
	Quality() port.LinkQuality
	// Token is how long the links' token is good, and whether it is renewed.
	Token() status.Token
	// RenewTokens renews the token long before it ends, until ctx does.
	RenewTokens(ctx context.Context)
	// NetworkChanged tells the links that the machine's addresses or routes may have
	// changed.
	NetworkChanged()
}

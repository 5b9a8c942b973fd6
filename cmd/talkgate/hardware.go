package main

import (
	"context"
	"errors"
	"io"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/hal/audio"
)

// board is opened hardware.
type board struct {
	gateway.Hardware
	// observe wants to know what the port does; nil where nobody does.
	observe func(gateway.Status)
	// run is what the hardware has to do beside the port until ctx ends; nil
	// where that is nothing.
	run func(ctx context.Context)
}

// openHardware opens what the configuration names. A virtual radio is moved by
// lines of in, tells of itself on out, and calls quit when it is told to. The
// error wraps hal.ErrGone when something is not there.
func openHardware(cfg config.Hardware, in io.Reader, out io.Writer, quit func()) (board, error) {
	if cfg.Board != nil {
		hw, err := openBoard(*cfg.Board)
		if errors.Is(err, audio.ErrUnsupported) {
			err = configError{err}
		}
		return board{Hardware: hw}, err
	}
	return openSim(*cfg.Sim, in, out, quit)
}

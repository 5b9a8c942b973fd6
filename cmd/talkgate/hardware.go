package main

import (
	"context"
	"errors"
	"io"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
)

// board is opened hardware.
type board struct {
	port.Hardware
	// record is the flight recorder's button; nil where it is not wired.
	record hal.Input
	// observe wants to know what the port does; nil where nobody does.
	observe func(port.Status)
	// run is what the hardware has to do beside the port until ctx ends; nil
	// where that is nothing.
	run func(ctx context.Context)
}

// openHardware opens what the configuration names. A virtual radio is moved by
// lines of in, tells of itself on out, and calls quit when it is told to. The
// error wraps hal.ErrGone when something is not there.
func openHardware(cfg config.Hardware, in io.Reader, out io.Writer, quit func()) (board, error) {
	if cfg.Board != nil {
		record, err := openInput(cfg.Board.Record)
		if err != nil {
			return board{}, err
		}
		hw, err := openBoard(*cfg.Board)
		if err != nil && record != nil {
			err = errors.Join(err, record.Close())
		}
		return board{Hardware: hw, record: record}, err
	}
	return openSim(*cfg.Sim, in, out, quit)
}

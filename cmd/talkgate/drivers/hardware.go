package drivers

import (
	"errors"
	"io"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
)

// openHardware opens what the configuration names. A virtual radio is moved by
// lines of in, tells of itself on out, and calls quit when it is told to. The
// error wraps hal.ErrGone when something is not there.
func openHardware(cfg config.Hardware, in io.Reader, out io.Writer, quit func()) (daemon.Board, error) {
	if cfg.Board != nil {
		inputs := newInputs()
		record, err := inputs.line(cfg.Board.Record)
		if err != nil {
			return daemon.Board{}, err
		}
		hw, err := openBoard(*cfg.Board, inputs)
		if err != nil && record != nil {
			err = errors.Join(err, record.Close())
		}
		return daemon.Board{Hardware: hw, Record: record}, err
	}
	return openSim(*cfg.Sim, in, out, quit)
}

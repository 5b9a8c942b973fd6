package gateway

import (
	"errors"
	"fmt"
	"io"

	"github.com/talkgate/talkgate/hal"
)

// Hardware is what a Port owns while it runs; Run closes it.
type Hardware struct {
	PTT     hal.Input
	COR     hal.Input // a radio's squelch: open, it asks for the floor as PTT does; nil where there is none
	Mic     hal.Capture
	Speaker hal.Playback
	Lamps   hal.Panel  // may be nil
	PTTOut  hal.Output // keys the radio's transmitter; nil where there is none
}

// Close closes all there is.
func (h Hardware) Close() error {
	var errs []error
	for _, c := range []io.Closer{h.PTT, h.COR, h.Mic, h.Speaker, h.Lamps, h.PTTOut} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the hardware: %w", err)
	}
	return nil
}

package port

import (
	"errors"
	"fmt"
	"io"

	"github.com/talkgate/talkgate/hal"
)

// Hardware is what a Port owns. Run closes it.
type Hardware struct {
	Mic     hal.Capture
	Speaker hal.Playback

	// What follows is nil where it is not wired; PTT or COR there has to be.

	PTT       hal.Input // the push-to-talk button
	Emergency hal.Input // the emergency button
	COR       hal.Input // a radio's squelch: open, it asks for the floor as PTT does
	Lamps     hal.Panel
	PTTOut    hal.Output // keys the radio's transmitter
	PTTEcho   hal.Input  // reads back whether the transmitter obeys PTTOut
	Amplifier hal.Output // enables the loudspeaker's amplifier
	Heartbeat hal.Output // toggles while every part of the port moves

	Selector []hal.Input // lines of Options.Selector
}

// Close closes all there is.
func (h Hardware) Close() error {
	var errs []error
	for _, c := range []io.Closer{h.PTT, h.Emergency, h.COR, h.Mic, h.Speaker, h.Lamps, h.PTTOut, h.PTTEcho, h.Amplifier, h.Heartbeat} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	for _, line := range h.Selector {
		errs = append(errs, line.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the hardware: %w", err)
	}
	return nil
}

package gpio

import (
	"errors"

	"github.com/warthog618/go-gpiocdev/uapi"

	"github.com/talkgate/talkgate/hal"
)

// Output is a line that is driven. It implements hal.Output. It is inactive from
// the start and after Close; when the process ends, however it ends, the kernel
// lets the line go.
type Output struct{ handle *handle }

// OpenOutput takes a line and drives it inactive. The error wraps hal.ErrGone
// when the chip is not there, and tells otherwise what has to be changed.
func OpenOutput(l Line) (*Output, error) {
	h, _, err := request([]Line{l}, []uapi.LineFlagV2{l.outputFlags()})
	if err != nil {
		return nil, err
	}
	return &Output{h}, nil
}

// Set implements hal.Output.
func (o *Output) Set(active bool) error { return o.handle.set(active) }

// Close implements hal.Output. A line whose chip has vanished is closed without
// an error: nothing is driven any more.
func (o *Output) Close() error {
	err := o.handle.set(false)
	if errors.Is(err, hal.ErrGone) || errors.Is(err, hal.ErrClosed) {
		err = nil
	}
	return errors.Join(err, o.handle.close())
}

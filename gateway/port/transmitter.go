package port

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// keyStall is how long the transmitter stays keyed when the card stops asking
// for sound.
const keyStall = 250 * time.Millisecond

// transmitter keys a radio around what the loudspeaker is given.
type transmitter struct {
	*heldLine
	keying *media.Keying
	ident  *media.Identifier
	source func(period []int16) (speech bool)
	// preEmphasis and subtone are nil where the radio does that itself.
	preEmphasis *media.Emphasis
	subtone     *media.Subtone
	taken       func() bool // whether the radio hears somebody
	// retimed waits until the transmitter is let go; nil is nothing.
	retimed atomic.Pointer[media.KeyTiming]
}

func newTransmitter(out hal.Output, t media.KeyTiming, source func([]int16) bool, now func() time.Duration, taken func() bool) *transmitter {
	return &transmitter{
		heldLine: newHeldLine("PTT-out", out, now), keying: media.NewKeying(t), ident: media.NewIdentifier(media.Ident{}), source: source, taken: taken,
	}
}

// fill is what the card pulls.
func (t *transmitter) fill(period []int16) {
	if timing := t.retimed.Load(); timing != nil && t.keying.Retime(*timing) {
		t.retimed.CompareAndSwap(timing, nil)
	}
	until := time.Duration(0)
	if t.ident.Process(t.keying, period, t.source(period), t.taken()) {
		until = t.now() + keyStall
		if t.preEmphasis != nil {
			t.preEmphasis.Process(period)
		}
	}
	if t.subtone != nil {
		t.subtone.Process(t.keying, period)
	}
	t.hold(until)
}

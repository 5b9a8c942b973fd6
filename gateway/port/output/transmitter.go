package output

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// keyStall is how long the transmitter stays keyed once the card stops asking for sound.
const keyStall = 250 * time.Millisecond

// TransmitterConfig is what a Transmitter is made of.
type TransmitterConfig struct {
	// PTTOut keys the radio. Echo reads back whether it does; nil where it is not wired.
	PTTOut hal.Output
	Echo   hal.Input
	// Key is the timing of keying. Its Tail covers the delay of the sound card.
	Key   media.KeyTiming
	Ident media.Ident
	// PreEmphasis and Subtone are nil where the radio does that itself.
	PreEmphasis *media.Emphasis
	Subtone     *media.Subtone

	// Now is the port's monotonic clock.
	Now func() time.Duration
	// Receiving reports whether the radio receives somebody (COR).
	Receiving func() bool
	// Keyed is called after PTT-out was driven, Faulted when the readback finds a fault
	// or finds that it is over. Keyed returns at once.
	Keyed   func(bool)
	Faulted func(KeyFault)
}

// Transmitter keys a radio around the sound that its card is given.
type Transmitter struct {
	cfg    TransmitterConfig
	line   *line
	keying *media.Keying
	ident  *media.Identifier
	// retimed takes effect once the transmitter is unkeyed; nil is no change.
	retimed atomic.Pointer[media.KeyTiming]
}

// NewTransmitter makes a transmitter that is not keyed.
func NewTransmitter(cfg TransmitterConfig) *Transmitter {
	t := &Transmitter{cfg: cfg, keying: media.NewKeying(cfg.Key), ident: media.NewIdentifier(cfg.Ident),
		line: newLine("PTT-out", cfg.PTTOut, cfg.Now, cfg.Keyed)}
	t.line.echo, t.line.faulted = cfg.Echo, cfg.Faulted
	return t
}

// Process turns the next period of sound into what the card is given: late by the lead,
// with identification, emphasis and subtone. speech says whether the period is speech. It
// keys the transmitter. It neither blocks nor allocates.
func (t *Transmitter) Process(period []int16, speech bool) {
	if timing := t.retimed.Load(); timing != nil && t.keying.Retime(*timing) {
		t.retimed.CompareAndSwap(timing, nil)
	}
	until := time.Duration(0)
	if t.ident.Process(t.keying, period, speech, t.cfg.Receiving()) {
		until = t.cfg.Now() + keyStall
		if t.cfg.PreEmphasis != nil {
			t.cfg.PreEmphasis.Process(period)
		}
	}
	if t.cfg.Subtone != nil {
		t.cfg.Subtone.Process(t.keying, period)
	}
	t.line.hold(until)
}

// Run drives PTT-out until ctx ends, and leaves it unkeyed. An error means that PTT-out
// cannot be driven, or that its readback is gone.
func (t *Transmitter) Run(ctx context.Context) error { return t.line.run(ctx) }

// Retime changes the timing once the transmitter is unkeyed.
func (t *Transmitter) Retime(k media.KeyTiming) { t.retimed.Store(&k) }

// Stats describes the keying. Any goroutine may call it.
func (t *Transmitter) Stats() media.KeyStats { return t.keying.Stats() }

// Identified counts the identifications. Any goroutine may call it.
func (t *Transmitter) Identified() uint64 { return t.ident.Sent() }

// IdentDue reports whether an identification is due; due is nil without an identifier.
func (t *Transmitter) IdentDue() (due *bool) {
	if len(t.cfg.Ident.Sound) == 0 {
		return nil
	}
	return new(t.ident.Due())
}

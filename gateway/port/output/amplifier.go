package output

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// amplifierHold is how long the loudspeaker's amplifier stays enabled after the last
// sound, so that it does not click between words.
const amplifierHold = time.Second

// Amplifier enables the loudspeaker's amplifier while there is something to hear.
type Amplifier struct {
	line *line
	now  func() time.Duration
	hold time.Duration
}

// NewAmplifier makes an amplifier that is off. latency is the time from a sample's
// delivery to the card to the speaker, now the port's monotonic clock.
func NewAmplifier(out hal.Output, latency time.Duration, now func() time.Duration) *Amplifier {
	return &Amplifier{newLine("amplifier", out, now, func(bool) {}), now, latency + amplifierHold}
}

// Played applies what the loudspeaker was given. It neither blocks nor allocates.
func (a *Amplifier) Played(period []int16) {
	for _, s := range period {
		if s != 0 {
			a.line.hold(a.now() + a.hold)
			return
		}
	}
}

// Run drives the line until ctx ends, and leaves it inactive.
func (a *Amplifier) Run(ctx context.Context) error { return a.line.run(ctx) }

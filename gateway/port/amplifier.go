package port

import "time"

// amplifierHold is how long the amplifier of the loudspeaker stays enabled after
// the last sound, so that it does not click between words.
const amplifierHold = time.Second

// amplifier enables the loudspeaker's amplifier while there is something to
// hear.
type amplifier struct {
	*heldLine
	after time.Duration // how long after it is given is the last sound heard
}

// given takes in what the loudspeaker is given.
func (a *amplifier) given(period []int16) {
	for _, s := range period {
		if s != 0 {
			a.hold(a.now() + a.after)
			return
		}
	}
}

// Package detect tells from the sound itself what a line would tell, or a button:
// whether somebody speaks, whether a radio's CTCSS tone is there, which DTMF digits
// were sent, and whether what was sent comes back.
//
// The detectors are pure: samples in, findings out. One goroutine uses each; nothing
// in them allocates per sample.
package detect

import (
	"math"
	"slices"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

// VOXConfig is how speech is told from the room.
type VOXConfig struct {
	// Threshold in dB is by how much speech is above the noise floor.
	Threshold float64
	// Attack is how long it has to last.
	Attack time.Duration
	// PreRoll is how long before its first sound speech is taken to begin: a
	// consonant is softer than the vowel that is noticed.
	PreRoll time.Duration
	// Hang is how long speech goes on after its last sound.
	Hang time.Duration
	// AntiTrip in dB is by how much softer the microphone hears the loudspeaker
	// than what that is given: what is not above it is no speech. 0 is a
	// loudspeaker right before the microphone.
	AntiTrip float64
}

const (
	// voxFrame is what is looked at at once (10 ms).
	voxFrame = Rate / 100
	// voxLow is the corner of the high-pass before: rumble is no speech.
	voxLow = 200.0
	// voxDead is the least noise floor in dBFS: a card without a microphone.
	voxDead = -70.0
	// voxHysteresis is by how many dB less speech goes on.
	voxHysteresis = 3.0
	// voxEcho is for how many frames the loudspeaker is heard after it was given
	// something: what the card keeps, the lead of a transmitter, and the room.
	voxEcho = 60
)

// VOX opens while somebody speaks.
type VOX struct {
	cfg          VOXConfig
	attack, hang int // frames

	filter *biquad.Filter
	frame  [voxFrame]float64
	n      int
	floor  noiseFloor

	given [voxEcho]float64 // dBFS of the loudspeaker, in a ring
	at    int

	loud, quiet int // frames in a row
	open        bool
}

// NewVOX returns a detector that has heard nothing.
func NewVOX(cfg VOXConfig) *VOX {
	frames := func(d time.Duration) int { return max(int(d/(10*time.Millisecond)), 1) }
	v := &VOX{cfg: cfg, attack: frames(cfg.Attack), hang: frames(cfg.Hang), filter: biquad.HighPass(voxLow, Rate)}
	for i := range v.given {
		v.given[i] = media.LevelFloor
	}
	return v
}

// String names it.
func (v *VOX) String() string { return "VOX" }

// Hear processes low, the next of the microphone at Rate, and the peak in dBFS of what
// the loudspeaker is given at the moment. It reports whether somebody speaks and,
// when that has changed, how many samples of the card before the end of low.
func (v *VOX) Hear(low []float64, loudspeaker float64) (open bool, ago int) {
	for i, x := range low {
		v.frame[v.n] = x
		if v.n++; v.n < voxFrame {
			continue
		}
		v.n = 0
		v.filter.Process(v.frame[:])
		if was := v.open; v.decide(power(v.frame[:]), loudspeaker) != was {
			ago = (len(low) - 1 - i) * every
			if v.open {
				ago += v.loud*voxFrame*every + int(v.cfg.PreRoll*media.SampleRate/time.Second)
			}
		}
	}
	return v.open, ago
}

// decide processes the power of a frame and reports whether somebody speaks.
func (v *VOX) decide(power, loudspeaker float64) (open bool) {
	room := v.floor.add(power)
	least := max(10*math.Log10(room+1e-12), voxDead) + v.cfg.Threshold
	if v.open {
		least -= voxHysteresis
	}
	if echo := v.echo(loudspeaker); echo > media.LevelFloor {
		least = max(least, echo-v.cfg.AntiTrip)
	}
	if v.floor.known && 10*math.Log10(power+1e-12) > least {
		v.loud++
		v.quiet = 0
	} else {
		v.quiet++
		v.loud = 0
	}
	switch {
	case !v.open && v.loud >= v.attack:
		v.open = true
	case v.open && v.quiet >= v.hang:
		v.open = false
	}
	return v.open
}

// echo is the loudest that the loudspeaker may still be heard.
func (v *VOX) echo(loudspeaker float64) float64 {
	v.given[v.at] = loudspeaker
	v.at = (v.at + 1) % voxEcho
	return slices.Max(v.given[:])
}

// Floor is the noise floor in dBFS, above voxLow.
func (v *VOX) Floor() float64 { return max(10*math.Log10(v.floor.least+1e-12), media.LevelFloor) }

// power is the mean square of samples of full scale 1.
func power(pcm []float64) float64 {
	var sum float64
	for _, x := range pcm {
		sum += x * x
	}
	return sum / float64(len(pcm))
}

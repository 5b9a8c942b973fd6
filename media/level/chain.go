// Package level makes a microphone as loud as it should be: gain, high-pass,
// noise gate, automatic gain control and limiter, always in this order.
//
// Each stage that is off leaves every sample as it is; with all of them off the
// sound is the card's, bit for bit. The stages work on floating point, so that
// nothing is clipped between them. Nothing in the package allocates per sample.
package level

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/biquad"
)

// Config says what is done to a microphone. The zero value does nothing.
type Config struct {
	// Gain in dB makes everything louder or softer, -60 to 40.
	Gain float64
	// HighPass in Hz takes away what is below it, by 24 dB an octave (Butterworth
	// of fourth order), 1 to 400: rumble, hum, CTCSS. 0 is off.
	HighPass float64
	// Gate in dBFS, -90 to -10, mutes what has no peak above it. 0 is off.
	Gate float64
	// Target in dBFS, -40 to -6, is the RMS that automatic gain control brings
	// speech to, with MaxGain in dB, 0 to 40, at most. 0 is off.
	Target, MaxGain float64
	// Limit turns down what gain and automatic gain control make too loud. Without
	// it what does not fit is clipped.
	Limit bool
}

func (c Config) validate() error {
	var errs []error
	within := func(what string, v, low, high float64, off bool) {
		if (v < low || v > high || math.IsNaN(v)) && (!off || v != 0) {
			errs = append(errs, fmt.Errorf("%s is %g; expected %g to %g", what, v, low, high))
		}
	}
	within("gain in dB", c.Gain, -60, 40, false)
	within("high-pass in Hz", c.HighPass, 1, 400, true)
	within("gate in dBFS", c.Gate, -90, -10, true)
	within("target level in dBFS", c.Target, -40, -6, true)
	within("most gain in dB", c.MaxGain, 0, 40, false)
	return errors.Join(errs...)
}

// amplifies reports whether something may become louder than it was.
func (c Config) amplifies() bool { return c.Gain > 0 || c.Target != 0 }

// Chain is all that is done to one microphone. One goroutine processes; any may
// read Stats.
type Chain struct {
	gain     float64
	highPass *biquad.Filter
	gate     *gate
	agc      *agc
	limiter  *limiter

	work    [block]float64
	clipped atomic.Uint64
}

// block is how many samples are worked on at once (5 ms).
const block = media.SampleRate / 200

// New returns a chain that has heard nothing. The error names what is out of range.
func New(cfg Config) (*Chain, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("microphone level: %w", err)
	}
	c := &Chain{gain: factor(cfg.Gain)}
	if cfg.HighPass != 0 {
		c.highPass = biquad.HighPass(cfg.HighPass, media.SampleRate)
	}
	if cfg.Gate != 0 {
		c.gate = newGate(cfg.Gate)
	}
	if cfg.Target != 0 {
		c.agc = newAGC(cfg.Target, cfg.MaxGain)
	}
	if cfg.Limit && cfg.amplifies() {
		c.limiter = newLimiter()
	}
	return c, nil
}

// Stages are those of a chain that may be on or off for good.
type Stages struct{ Gate, AGC, Limiter bool }

// Stages are those that are on.
func (c *Chain) Stages() Stages { return Stages{c.gate != nil, c.agc != nil, c.limiter != nil} }

// Delay is by how many samples the sound comes out later than it went in: the
// limiter looks ahead, where there is one.
func (c *Chain) Delay() int {
	if c.limiter == nil {
		return 0
	}
	return lookAhead
}

// idle reports whether every stage is off.
func (c *Chain) idle() bool {
	return c.gain == 1 && c.highPass == nil && c.gate == nil && c.agc == nil && c.limiter == nil
}

// Process changes pcm, the next samples of the microphone, in place.
func (c *Chain) Process(pcm []int16) {
	if c.idle() {
		return
	}
	for len(pcm) > 0 {
		n := min(len(pcm), block)
		c.process(pcm[:n], c.work[:n])
		pcm = pcm[n:]
	}
}

func (c *Chain) process(pcm []int16, work []float64) {
	for i, s := range pcm {
		work[i] = float64(s) * c.gain
	}
	if c.highPass != nil {
		c.highPass.Process(work)
	}
	open := true
	if c.gate != nil {
		open = c.gate.process(work)
	}
	if c.agc != nil {
		c.agc.process(work, open)
	}
	if c.limiter != nil {
		c.limiter.process(work)
	}
	clipped := uint64(0)
	for i, x := range work {
		y := math.RoundToEven(x)
		if y > math.MaxInt16 || y < math.MinInt16 {
			y = min(max(y, math.MinInt16), math.MaxInt16)
			clipped++
		}
		pcm[i] = int16(y)
	}
	if clipped > 0 {
		c.clipped.Add(clipped)
	}
}

// Stats is what the chain does at an instant, and did since its start.
type Stats struct {
	// Gain is that of automatic gain control in dB.
	Gain float64 `json:"agcGainDB"`
	// Open is whether the noise gate lets sound through.
	Open bool `json:"gateOpen"`
	// Limited counts samples that the limiter turned down, Clipped those that did
	// not fit because there is none.
	Limited uint64 `json:"limitedSamples"`
	Clipped uint64 `json:"clippedSamples"`
}

// Stats may be called from any goroutine.
func (c *Chain) Stats() Stats {
	s := Stats{Open: true, Clipped: c.clipped.Load()}
	if c.gate != nil {
		s.Open = c.gate.opened.Load()
	}
	if c.agc != nil {
		s.Gain = math.Float64frombits(c.agc.shown.Load())
	}
	if c.limiter != nil {
		s.Limited = c.limiter.limited.Load()
	}
	return s
}

// full is full scale.
const full = 32768

// factor is a level in dB as a factor of amplitude.
func factor(dB float64) float64 { return math.Pow(10, dB/20) }

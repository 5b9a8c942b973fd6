// Package capture fills the microphone's memory from its card, and lets the detectors of
// a port hear it: squelch, loops, DTMF.
package capture

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/detect"
	"github.com/talkgate/talkgate/media/level"
)

// Config is what a Capture is made of. The functions neither block nor allocate.
type Config struct {
	Card hal.Capture
	Mic  *media.Mic
	// Levels adjusts the level of what goes into Mic.
	Levels *level.Chain

	// What follows is nil where it is not used.

	DeEmphasis *media.Emphasis   // done before all else
	Detected   *squelch.Detected // stands in for COR
	Loop       *detect.Loop      // finds what the channel said in what the radio hears
	Remote     *detect.Remote    // DTMF commands; their digits are muted

	// Talks reports whether there is a talk spurt, SquelchTalks whether the squelch asks
	// for the floor.
	Talks, SquelchTalks func() bool
	// LoopHeard is called when the radio hears what the channel said delay ago, Command
	// when a command was dialed, and Delivers when the card begins or ceases to deliver;
	// Delivers may block.
	LoopHeard func(delay time.Duration)
	Command   func(detect.Command)
	Delivers  func(bool)
	// Turned is called with each turn of Run.
	Turned func()
}

// Capture reads the microphone's card.
type Capture struct {
	cfg     Config
	card    media.Level
	levels  atomic.Pointer[level.Chain]
	relevel atomic.Pointer[level.Chain] // takes effect once nobody talks; nil is no change
	low     *detect.Decimator           // nil where no detector listens
	muting  *detect.Muting              // of digits; nil without Remote
}

// New makes a Capture that reads nothing yet.
func New(cfg Config) *Capture {
	c := &Capture{cfg: cfg}
	c.levels.Store(cfg.Levels)
	if cfg.Loop != nil || cfg.Detected != nil || cfg.Remote != nil {
		c.low = detect.NewDecimator()
	}
	if cfg.Remote != nil {
		c.muting = new(detect.Muting)
	}
	return c
}

// Run reads until the card is closed, or gone, and returns why.
func (c *Capture) Run() error {
	period := make([]int16, hal.PeriodSamples)
	for {
		at, err := c.cfg.Card.Read(period)
		if err != nil {
			return err
		}
		c.Process(period, at)
		c.cfg.Turned()
	}
}

// Process applies a period that the microphone captured up to at, and may change it. Run
// calls it; a test that does not use Run may.
func (c *Capture) Process(period []int16, at time.Time) {
	c.card.Measure(period)
	if c.cfg.DeEmphasis != nil {
		c.cfg.DeEmphasis.Process(period)
	}
	if c.low != nil {
		c.detect(c.low.Take(period), at)
	}
	if next := c.relevel.Load(); next != nil && !c.cfg.Talks() {
		c.relevel.CompareAndSwap(next, nil)
		c.levels.Store(next)
	}
	levels := c.levels.Load()
	levels.Process(period)
	late := levels.Delay()
	if c.muting != nil {
		c.muting.Process(period, c.cfg.Remote.Digit())
		late += detect.MutingDelay
	}
	c.cfg.Mic.Write(period, at.Add(-media.SamplesTime(late)))
}

// detect lets the detectors hear the sound up to at, at detect.Rate.
func (c *Capture) detect(low []float64, at time.Time) {
	if c.cfg.Remote != nil {
		if command := c.cfg.Remote.Hear(low); command != detect.NoCommand {
			c.cfg.Command(command)
		}
	}
	if c.cfg.Loop != nil {
		c.detectLoop(low)
	}
	if c.cfg.Detected != nil {
		c.cfg.Detected.Hear(low, at)
	}
}

func (c *Capture) detectLoop(low []float64) {
	if c.cfg.Remote != nil && c.cfg.Remote.Digit() {
		c.cfg.Loop.Forget() // the channel does not hear digits, and they may be dialed again
	}
	if delay, found := c.cfg.Loop.Hear(low, c.cfg.SquelchTalks(), c.cfg.Talks()); found {
		c.cfg.LoopHeard(delay)
	}
}

// watchPeriod is how often Watch checks the card. stallTime is how long the card may
// deliver nothing before it counts as gone.
const (
	watchPeriod = 20 * time.Millisecond
	stallTime   = 500 * time.Millisecond
)

// Watch calls Delivers until ctx ends. A card that hangs without an error must not hold
// the floor in silence.
func (c *Capture) Watch(ctx context.Context) {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	var head uint64
	moved := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := c.cfg.Mic.Head(); now != head {
			head, moved = now, time.Now()
			c.cfg.Delivers(true)
		} else if time.Since(moved) > stallTime {
			c.cfg.Delivers(false)
		}
	}
}

// SetLevels changes the level chain once nobody talks.
func (c *Capture) SetLevels(l *level.Chain) { c.relevel.Store(l) }

// Levels is the present level chain.
func (c *Capture) Levels() *level.Chain { return c.levels.Load() }

// CardLevel meters what the card delivers, before anything is done to it.
func (c *Capture) CardLevel() *media.Level { return &c.card }

// Status is how loud a microphone is, and what is done about it. It is in whole decibels,
// so that it changes only when there is something to see.
type Status struct {
	DBFS    int    `json:"dBFS"`     // as the card delivers it
	Clipped uint64 `json:"clipped"`  // samples at full scale so far
	Gate    *bool  `json:"gateOpen"` // the noise gate lets sound through
	AGC     *int   `json:"agcDB"`    // gain of automatic gain control
	// Limited counts the samples that the limiter turned down so far.
	Limited *uint64 `json:"limited"`
}

// Status is the microphone at this instant. What the level chain does not do is nil.
func (c *Capture) Status() Status {
	levels := c.levels.Load()
	stats, has := levels.Stats(), levels.Stages()
	s := Status{DBFS: int(math.Round(c.card.RMS())), Clipped: c.card.Clipped()}
	if has.Gate {
		s.Gate = &stats.Open
	}
	if has.AGC {
		s.AGC = new(int(math.Round(stats.Gain)))
	}
	if has.Limiter {
		s.Limited = &stats.Limited
	}
	return s
}

// Package inputs follows the lines by which a port is told to talk: the push-to-talk
// button, a radio's squelch (COR) and the emergency button.
//
// One goroutine, Run, turns their edges into requests for the floor by one rule: the port
// is pressed while the button is held, or the squelch is open, or both.
package inputs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/port/pulse"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
)

// Floor is who is asked for the floor: the port's actor. Times are on the port's
// monotonic clock.
type Floor interface {
	// Press asks for the floor; said is when the speech began. Release gives it back;
	// said is when the speech ended.
	Press(at, said time.Duration)
	Release(at, said time.Duration)
	// EmergencyButton reports that the emergency button was held for its guard time, or
	// let go.
	EmergencyButton(held bool, at time.Duration)
	// Abort reports that a line vanished: it gives back the floor, and ends an emergency
	// of the port.
	Abort(at time.Duration)
	// Loop reports that a loop was found, or that its penalty is over. release says that
	// the present press was the radio's alone, and ends.
	Loop(found, release bool)
	// Refused reports whether the present press was refused.
	Refused() bool
	// Calling reports whether the port has an emergency of its own.
	Calling() bool
}

// Muter sends silence in place of a stretch of the microphone's sound. Samples are those
// of media.Mic, by index.
type Muter interface {
	Mute(from uint64)
	Unmute(to uint64)
}

// Clock is the port's monotonic clock.
type Clock interface {
	Now() time.Duration
	// At is when a time of this process is, on the clock.
	At(t time.Time) time.Duration
	// Time is At the other way around.
	Time(at time.Duration) time.Time
}

// Config is what Inputs are made of.
type Config struct {
	PTT, COR, Emergency hal.Input // nil where not wired
	Squelch             squelch.Timing
	// Loops turns the search for loops on. Detected says that COR is a
	// squelch.Detected, whose edges are too vague to find loops by.
	Loops, Detected bool
	// Interlock ignores the squelch while the transmitter is keyed.
	Interlock bool
	// Guard is how long the emergency button has to be held.
	Guard time.Duration
	Clock Clock
	Mic   *media.Mic
	Floor Floor
	Muter Muter
	// Turned is called with each turn of Run while all lines are followed.
	Turned func()
	Log    *slog.Logger
}

// Inputs follow the lines of a port.
type Inputs struct {
	cfg     Config
	squelch squelch.State
	timing  atomic.Pointer[squelch.Timing] // takes effect once the squelch is closed
	open    atomic.Bool                    // level of COR
	keyed   atomic.Bool                    // level of PTT-out
	moved   chan struct{}                  // keyed changed
	loops   chan time.Duration             // delay of a loop that was heard
}

// New makes Inputs. Until Run knows better, the squelch counts as open: nothing is
// transmitted over a radio that may be receiving.
func New(cfg Config) *Inputs {
	in := &Inputs{cfg: cfg, moved: make(chan struct{}, 1), loops: make(chan time.Duration, 1)}
	in.timing.Store(&cfg.Squelch)
	in.open.Store(cfg.COR != nil)
	return in
}

// Receiving reports whether the radio receives somebody: the level of COR.
func (in *Inputs) Receiving() bool { return in.open.Load() }

// Squelch is the state of the squelch, for any goroutine.
func (in *Inputs) Squelch() *squelch.State { return &in.squelch }

// Retime changes the timing of the squelch once it is closed.
func (in *Inputs) Retime(t squelch.Timing) { in.timing.Store(&t) }

// SetKeyed reports that the transmitter was keyed or unkeyed. It neither blocks nor
// allocates.
func (in *Inputs) SetKeyed(on bool) {
	in.keyed.Store(on)
	select {
	case in.moved <- struct{}{}:
	default:
	}
}

// Keyed reports whether the transmitter is keyed.
func (in *Inputs) Keyed() bool { return in.keyed.Load() }

// LoopHeard reports that the radio hears what the channel said delay ago. It neither
// blocks nor allocates.
func (in *Inputs) LoopHeard(delay time.Duration) {
	select {
	case in.loops <- delay:
	default:
	}
}

func (in *Inputs) now() time.Duration { return in.cfg.Clock.Now() }

// sampleAt is the sample that the microphone captures at a time.
func (in *Inputs) sampleAt(at time.Duration) uint64 {
	return in.cfg.Mic.IndexAt(in.cfg.Clock.Time(at))
}

// Run follows the lines until ctx ends. An error wraps hal.ErrGone when a line vanished,
// after everything was released.
//
// Once the port has refused, whatever asked so far has to be let go before it counts
// again. An input that begins to ask after the refusal is a fresh press.
func (in *Inputs) Run(ctx context.Context) error {
	ptt, err := newTalkLine("push-to-talk", in.cfg.PTT)
	if err != nil {
		return ended(ctx, ptt.name, err)
	}
	cor, err := newTalkLine("COR", in.cfg.COR)
	if err != nil {
		return ended(ctx, cor.name, err)
	}
	red, err := newTalkLine("emergency", in.cfg.Emergency)
	if err != nil {
		return ended(ctx, red.name, err)
	}
	in.open.Store(cor.level)
	for _, l := range []*talkLine{&ptt, &cor, &red} {
		if l.stuck {
			in.cfg.Log.Warn("a line is held at start; it counts once it has been released", "line", l.name)
		}
	}
	tick := time.NewTicker(pulse.Period)
	defer tick.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	request, emergency := newRequest(in), &emergencyButton{in: in, button: holdButton{hold: in.cfg.Guard}}
	for {
		if at, ok := earlier(request.wake, emergency.button.wake); ok {
			timer.Reset(max(0, at-in.now()))
		} else {
			timer.Stop()
		}
		var line *talkLine
		var e hal.Edge
		var more bool
		select {
		case <-ctx.Done():
			return nil
		case e, more = <-ptt.edges():
			line = &ptt
		case e, more = <-cor.edges():
			line = &cor
		case e, more = <-red.edges():
			line = &red
		case <-timer.C:
			request.tick()
			emergency.tick()
			continue
		case <-in.moved:
			request.tick()
			continue
		case delay := <-in.loops:
			request.onLoopHeard(delay)
			continue
		case <-tick.C:
			// Ask all lines, whatever the first says.
			if a, b, c := ptt.follows(), cor.follows(), red.follows(); a && b && c {
				in.cfg.Turned()
			}
			continue
		}
		if !more {
			in.cfg.Floor.Abort(in.now())
			return ended(ctx, line.name, line.input.Err())
		}
		in.cfg.Log.Debug("edge", "line", line.name, "active", e.Active)
		line.onEdge(e)
		in.open.Store(cor.level)
		switch at := in.cfg.Clock.At(e.At); line {
		case &ptt:
			request.onButton(ptt.asks(), at)
		case &cor:
			request.onSquelch(cor.asks(), at)
		default:
			emergency.onEdge(red.asks(), at)
		}
	}
}

// earlier is the earlier of two wake times; ok is false where there is none.
func earlier(a, b func() (time.Duration, bool)) (at time.Duration, ok bool) {
	at, ok = a()
	if other, is := b(); is && (!ok || other < at) {
		at, ok = other, true
	}
	return at, ok
}

// ended is what a line's error means to Run: nothing once the port itself has closed it.
func ended(ctx context.Context, line string, err error) error {
	if ctx.Err() != nil || errors.Is(err, hal.ErrClosed) {
		return nil
	}
	return fmt.Errorf("%s line: %w", line, err)
}

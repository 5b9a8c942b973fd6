package inputs

import (
	"time"

	"github.com/talkgate/talkgate/gateway/port/squelch"
)

// request joins button and squelch into one press. Its goroutine is that of Run.
type request struct {
	in      *Inputs
	squelch *squelch.Squelch
	loops   squelch.LoopGuard

	held    bool          // the button is
	stuck   bool          // and has to be let go first
	letGo   time.Duration // when it was
	pressed bool          // as the floor was told
	opened  time.Duration // the latest opening that the loop guard was told of
}

func newRequest(in *Inputs) *request {
	r := &request{in: in, squelch: squelch.New(in.cfg.Squelch)}
	if in.cfg.Loops {
		r.loops = squelch.LoopGuard{Penalty: in.cfg.Squelch.Loop, Deaf: in.cfg.Squelch.Deaf, Vague: in.cfg.Detected}
	}
	return r
}

// wake is when tick has to be called next; ok is false where that is never.
func (r *request) wake() (at time.Duration, ok bool) {
	return earlier(r.squelch.Wake, func() (time.Duration, bool) { return r.loops.Until(), r.loops.Barred() })
}

// onButton applies the level of the button.
func (r *request) onButton(held bool, at time.Duration) {
	r.refresh(at)
	fresh := held && !r.held
	r.held, r.stuck = held, r.stuck && held
	if !held {
		r.letGo = at
	}
	if fresh && r.pressed && r.in.cfg.Floor.Refused() {
		r.squelch.Reset()
		r.in.cfg.Floor.Release(at, 0)
		r.pressed = false
	}
	r.update(at)
}

// onSquelch applies the level of COR.
func (r *request) onSquelch(open bool, at time.Duration) {
	r.refresh(at)
	asked := r.squelch.Asks()
	r.squelch.Edge(open && !r.loops.Barred(), at)
	r.onSquelchMoved(asked, at)
}

// tick applies the passing of time, and that the transmitter was keyed or unkeyed.
func (r *request) tick() {
	now := r.in.now()
	asked := r.squelch.Asks()
	r.refresh(now)
	r.onSquelchMoved(asked, now)
}

// refresh brings squelch and loop guard up to date: timing, transmitter, time.
func (r *request) refresh(at time.Duration) {
	r.squelch.Retime(*r.in.timing.Load())
	r.loops.Deaf = r.squelch.Deaf
	r.loops.Transmit(r.in.Keyed(), at)
	if r.loops.Tick(at) {
		r.in.cfg.Log.Info("the radio is listened to again, from its next opening on")
		r.in.cfg.Floor.Loop(false, false)
	}
	if r.in.cfg.Interlock {
		r.squelch.Transmit(r.in.Keyed(), at)
	}
	r.squelch.Tick(at)
}

// onSquelchMoved applies what came of the squelch; asked is whether it asked before.
func (r *request) onSquelchMoved(asked bool, at time.Duration) {
	s := r.squelch
	s.Tick(at)
	if s.Phase() != squelch.Closed && s.Opened() != r.opened {
		if r.opened = s.Opened(); r.loops.Opened(r.opened) {
			r.onLoop(0, at)
			return
		}
	}
	if fresh := s.Asks() && !asked; fresh && r.pressed && r.in.cfg.Floor.Refused() {
		r.stuck = r.held
		r.in.cfg.Floor.Release(at, 0)
		r.pressed = false
	}
	r.update(at)
}

// update tells the floor of a press or a release, and mutes the noise of a closing
// squelch. A press begins with what was said since the button was pressed or the squelch
// opened.
func (r *request) update(at time.Duration) {
	s, cfg := r.squelch, &r.in.cfg
	button := r.held && !r.stuck
	switch {
	case button:
		cfg.Muter.Unmute(r.in.sampleAt(at))
	case s.Phase() == squelch.Open:
		cfg.Muter.Unmute(r.in.sampleAt(s.Reopened()))
	case s.Phase() == squelch.Hanging && !cfg.Floor.Calling():
		cfg.Muter.Mute(r.in.sampleAt(s.Ended()))
	}
	asks := button || s.Asks()
	switch {
	case asks && !r.pressed:
		said := at
		if !button {
			said = s.Opened()
		}
		cfg.Floor.Press(at, said)
	case r.pressed && !asks:
		// What was said ends with the input that was let go last.
		cfg.Floor.Release(at, max(r.letGo, s.Ended()))
	}
	r.pressed = asks
	r.in.squelch.Store(s, &r.loops)
}

// onLoopHeard handles that the radio hears what the channel said delay ago, unless the
// squelch has closed meanwhile.
func (r *request) onLoopHeard(delay time.Duration) {
	now := r.in.now()
	r.refresh(now)
	if r.squelch.Asks() {
		r.onLoop(delay, now)
	}
}

// onLoop breaks a loop: the squelch does not talk until the penalty is over and it opens
// anew. A delay of 0 is not known.
func (r *request) onLoop(delay, at time.Duration) {
	penalty := r.loops.Bar(at)
	details := []any{"not listened to for", penalty.String()}
	if delay > 0 {
		details = append(details, "delay", delay.String())
	} else {
		details = append(details, "squelch opened with the transmitter, times", squelch.LoopRow)
	}
	r.in.cfg.Log.Warn("the channel comes back by this radio", append(details, "found", squelch.LoopFound, "do", squelch.LoopRemedy)...)
	r.squelch.Reset()
	release := r.pressed && (!r.held || r.stuck)
	r.in.cfg.Floor.Loop(true, release)
	r.pressed = r.pressed && !release
	r.update(at)
}

package port

import (
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// asking is who asks for the floor at a port: its button, its radio's squelch, or
// both. Its goroutine is that of the talk lines.
type asking struct {
	*Port
	squelch squelch
	loops   loopWatch

	held    bool          // the button is
	stuck   bool          // and has to be let go first
	letGo   time.Duration // when it was
	pressed bool          // as the actor was told
	opened  time.Duration // when the squelch opened the latest time
}

func newAsking(p *Port) *asking {
	a := &asking{Port: p, squelch: squelch{SquelchTiming: p.opt.Squelch}}
	if p.loop != nil {
		a.loops = loopWatch{penalty: p.opt.Squelch.Loop, deaf: p.opt.Squelch.Deaf, byEar: p.ear != nil}
	}
	return a
}

// wake is when pass wants to be called; ok is false where that is never.
func (a *asking) wake() (at time.Duration, ok bool) {
	at, ok = a.squelch.wake()
	if a.loops.on && (!ok || a.loops.until < at) {
		at, ok = a.loops.until, true
	}
	return at, ok
}

// button takes in the button.
func (a *asking) button(held bool, at time.Duration) {
	a.refresh(at)
	fresh := held && !a.held
	a.held, a.stuck = held, a.stuck && held
	if !held {
		a.letGo = at
	}
	if fresh && a.pressed && a.refused.Load() {
		a.squelch.forget()
		a.post(floor.Event{Kind: floor.Release, At: at})
		a.pressed = false
	}
	a.tell(at)
}

// radio takes in the line from the squelch.
func (a *asking) radio(open bool, at time.Duration) {
	a.refresh(at)
	asked := a.squelch.asks()
	a.squelch.edge(open && !a.loops.on, at)
	a.squelchMoved(asked, at)
}

// pass takes in that time has passed, or that the transmitter was keyed or let go.
func (a *asking) pass() {
	now := a.now()
	asked := a.squelch.asks()
	a.refresh(now)
	a.squelchMoved(asked, now)
}

// refresh lets the squelch know of its timing, the transmitter and the time.
func (a *asking) refresh(at time.Duration) {
	a.squelch.retime(*a.squelching.Load())
	a.loops.deaf = a.squelch.Deaf
	a.loops.transmit(a.keyed.on.Load(), at)
	if a.loops.tick(at) {
		a.loopIsOver()
	}
	if a.opt.Key.Interlock {
		a.squelch.transmit(a.keyed.on.Load(), at)
	}
	a.squelch.tick(at)
}

// squelchMoved tells the actor what has come of the squelch.
func (a *asking) squelchMoved(asked bool, at time.Duration) {
	s := &a.squelch
	s.tick(at)
	if s.phase != squelchClosed && s.opened != a.opened {
		if a.opened = s.opened; a.loops.opened(s.opened) {
			a.loopIs(0, at)
			return
		}
	}
	if fresh := s.asks() && !asked; fresh && a.pressed && a.refused.Load() {
		a.stuck = a.held
		a.post(floor.Event{Kind: floor.Release, At: at})
		a.pressed = false
	}
	a.tell(at)
}

// tell posts a press, which begins with what was said since the button was pressed
// or the squelch opened, or a release.
func (a *asking) tell(at time.Duration) {
	button := a.held && !a.stuck
	switch {
	case button:
		a.talker.mute.end(a.sampleAt(at))
	case a.squelch.phase == squelchOpen:
		a.talker.mute.end(a.sampleAt(a.squelch.since))
	case a.squelch.phase == squelchHanging && !a.calling.Load():
		a.talker.mute.begin(a.sampleAt(a.squelch.closed - a.squelch.Tail))
	}
	now := button || a.squelch.asks()
	switch {
	case now && !a.pressed:
		said := at
		if !button {
			said = a.squelch.opened
		}
		a.post(floor.Event{Kind: floor.Press, At: at, Said: said})
	case a.pressed && !now:
		// Whoever let go last has said what there is.
		a.post(floor.Event{Kind: floor.Release, At: at, Said: max(a.letGo, a.squelch.closed-a.squelch.Tail)})
	}
	a.pressed = now
	a.squelchState.show(&a.squelch)
	a.squelchState.looped.Store(a.loops.on)
	a.squelchState.loops.Store(a.loops.found)
}

// sampleAt is the sample that the microphone captures at a time of the port.
func (a *asking) sampleAt(at time.Duration) uint64 { return a.mic.IndexAt(a.clock.time(at)) }

// keyedLine is whether a transmitter is keyed; moved is signalled when that
// changes.
type keyedLine struct {
	on    atomic.Bool
	moved chan struct{}
}

// set neither blocks nor allocates.
func (k *keyedLine) set(on bool) {
	k.on.Store(on)
	select {
	case k.moved <- struct{}{}:
	default:
	}
}

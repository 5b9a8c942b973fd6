package port

import (
	"time"

	"github.com/talkgate/talkgate/state/floor"
)

// What a loop is, and what to do about it, for people.
const (
	LoopFound  = "what the channel says comes back by this radio: another gateway transmits it on the same frequency"
	LoopRemedy = "let one of them alone have a transmitter there, or see key.interlock and squelch.deaf"
)

// hearLoop looks for what the channel says in what the radio hears.
func (p *Port) hearLoop(low []float64) {
	if p.loop == nil {
		return
	}
	if r := p.opt.Remote; r != nil && r.Digit() { // the channel hears nothing of it, and it may be dialled again
		p.loop.Forget()
	}
	if delay, found := p.loop.Hear(low, p.squelchState.talks.Load(), p.talker.spurt.Load() != nil); found {
		select {
		case p.cameBack <- delay:
		default:
		}
	}
}

// heardLoop takes in that what is heard was said so much earlier, unless the squelch
// has closed meanwhile.
func (a *asking) heardLoop(delay time.Duration) {
	now := a.now()
	a.refresh(now)
	if a.squelch.asks() {
		a.loopIs(delay, now)
	}
}

// loopIs opens a loop up: the squelch does not talk until the penalty is over and it
// opens afresh. A delay of 0 is not known.
func (a *asking) loopIs(delay, at time.Duration) {
	penalty := a.loops.loop(at)
	what := []any{"not listened to for", penalty.String()}
	if delay > 0 {
		what = append(what, "delay", delay.String())
	} else {
		what = append(what, "squelch opened with the transmitter, times", loopRow)
	}
	a.log.Warn(LoopFound+"; "+LoopRemedy, what...)
	a.squelch.forget()
	ends := a.pressed && (!a.held || a.stuck)
	a.inbox.post(loopEvent{looped: true, ends: ends})
	a.pressed = a.pressed && !ends
	a.tell(at)
}

func (a *asking) loopIsOver() {
	a.log.Info("the radio is listened to again, from its next opening on")
	a.inbox.post(loopEvent{})
}

// onLoop shows the alarm and ends what the radio says: nothing more is sent, no roger
// either, and what was asked for is given back.
func (a *actor) onLoop(n loopEvent) {
	a.looped = n.looped
	if n.ends {
		a.step(floor.Event{Kind: floor.Lost, At: a.now(), Gen: a.floor.Gen, Why: floor.Looped})
		a.step(floor.Event{Kind: floor.Release, At: a.now()})
	}
	a.show()
}

package port

import (
	"context"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
)

// talkLine is an input that asks for the floor while it is active: the
// push-to-talk button, the squelch of a radio. The zero value never does.
type talkLine struct {
	name  string
	input hal.Input // nil where there is none
	// stuck is whether it has been active since the start: it has to be let go
	// first.
	stuck bool
	told  bool // level of the last edge
	check hal.Followed
}

func newTalkLine(name string, in hal.Input) (talkLine, error) {
	l := talkLine{name: name, input: in}
	if in == nil {
		return l, nil
	}
	active, err := in.Active()
	l.stuck, l.told = active, active
	l.check = hal.NewFollowed(in)
	return l, err
}

// edges is nil, and never ready, where there is no input.
func (l *talkLine) edges() <-chan hal.Edge {
	if l.input == nil {
		return nil
	}
	return l.input.Edges()
}

func (l *talkLine) take(e hal.Edge) {
	l.told = e.Active
	l.stuck = l.stuck && e.Active
}

func (l *talkLine) asks() bool { return l.told && !l.stuck }

// moves reports whether the line is still followed.
func (l *talkLine) moves() bool {
	return l.input == nil || l.check.Moves(l.told)
}

// followTalkLines turns edges into presses and releases, by one rule: pressed is
// while the button is held, or the squelch is open as SquelchTiming says, or both.
// Once the port has been refused, what asked until then has to be let go before it
// counts again, and the other one that begins to ask is a fresh press.
func (p *Port) followTalkLines(ctx context.Context) error {
	ptt, err := newTalkLine("push-to-talk", p.opt.Hardware.PTT)
	if err != nil {
		return ended(ctx, ptt.name+" line", err)
	}
	cor, err := newTalkLine("COR", p.opt.Hardware.COR)
	if err != nil {
		return ended(ctx, cor.name+" line", err)
	}
	red, err := newTalkLine("emergency", p.opt.Hardware.Emergency)
	if err != nil {
		return ended(ctx, red.name+" line", err)
	}
	p.taken.Store(cor.told)
	for _, l := range []*talkLine{&ptt, &cor, &red} {
		if l.stuck {
			p.log.Warn("a line is held at start; it counts once it has been released", "line", l.name)
		}
	}
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	asking := newAsking(p)
	alarm := alarm{Port: p, guarded: guarded{hold: p.opt.Emergency.Guard}}
	for {
		at, ok := asking.wake()
		if due, armed := alarm.guarded.wake(); armed && (!ok || due < at) {
			at, ok = due, true
		}
		if ok {
			timer.Reset(max(0, at-p.now()))
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
			asking.pass()
			alarm.pass()
			continue
		case <-p.keyed.moved:
			asking.pass()
			continue
		case delay := <-p.cameBack:
			asking.heardLoop(delay)
			continue
		case <-pulse.C:
			// All are asked, whatever the first says.
			if a, b, c := ptt.moves(), cor.moves(), red.moves(); a && b && c {
				p.beats.turn(Lines)
			}
			continue
		}
		if !more {
			p.post(floor.Event{Kind: floor.Release, At: p.now()})
			p.post(floor.Event{Kind: floor.EmergencyOff, At: p.now()})
			return ended(ctx, line.name+" line", line.input.Err())
		}
		p.log.Debug("edge", "line", line.name, "active", e.Active)
		line.take(e)
		p.taken.Store(cor.told)
		switch at := p.clock.at(e.At); line {
		case &ptt:
			asking.button(ptt.asks(), at)
		case &cor:
			asking.radio(cor.asks(), at)
		default:
			alarm.button(red.asks(), at)
		}
	}
}

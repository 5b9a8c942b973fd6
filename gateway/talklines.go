package gateway

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
	check lineCheck
}

func newTalkLine(name string, in hal.Input) (talkLine, error) {
	l := talkLine{name: name, input: in}
	if in == nil {
		return l, nil
	}
	active, err := in.Active()
	l.stuck, l.told = active, active
	l.check.follower, _ = in.(Follower)
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
	if l.input == nil {
		return true
	}
	active, err := l.input.Active()
	return err == nil && l.check.moves(active, l.told)
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
	p.taken.Store(cor.told)
	for _, l := range []*talkLine{&ptt, &cor} {
		if l.stuck {
			p.log.Warn("a line is held at start; it counts once it has been released", "line", l.name)
		}
	}
	pulse := time.NewTicker(pulsePeriod)
	defer pulse.Stop()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	asking := newAsking(p)
	for {
		if at, ok := asking.wake(); ok {
			alarm.Reset(max(0, at-p.now()))
		} else {
			alarm.Stop()
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
		case <-alarm.C:
			asking.pass()
			continue
		case <-p.keyed.moved:
			asking.pass()
			continue
		case delay := <-p.cameBack:
			asking.heardLoop(delay)
			continue
		case <-pulse.C:
			// Both are asked, whatever the first says.
			if a, b := ptt.moves(), cor.moves(); a && b {
				p.beats.turn(Lines)
			}
			continue
		}
		if !more {
			p.post(floor.Event{Kind: floor.Release, At: p.now()})
			return ended(ctx, line.name+" line", line.input.Err())
		}
		p.log.Debug("edge", "line", line.name, "active", e.Active)
		line.take(e)
		p.taken.Store(cor.told)
		if line == &ptt {
			asking.button(ptt.asks(), e.At.Sub(p.start))
		} else {
			asking.radio(cor.asks(), e.At.Sub(p.start))
		}
	}
}

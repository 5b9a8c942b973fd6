package inputs

import "github.com/talkgate/talkgate/hal"

// talkLine is an input that asks for the floor while it is active.
type talkLine struct {
	name  string
	input hal.Input // nil where it is not wired: then it never asks
	// stuck says that it has been active since the start: it has to be let go first.
	stuck bool
	level bool // of the last edge
	check hal.Followed
}

func newTalkLine(name string, in hal.Input) (talkLine, error) {
	l := talkLine{name: name, input: in}
	if in == nil {
		return l, nil
	}
	active, err := in.Active()
	l.stuck, l.level = active, active
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

func (l *talkLine) onEdge(e hal.Edge) {
	l.level = e.Active
	l.stuck = l.stuck && e.Active
}

func (l *talkLine) asks() bool { return l.level && !l.stuck }

// follows reports whether the line's driver still delivers its edges.
func (l *talkLine) follows() bool {
	return l.input == nil || l.check.Moves(l.level)
}

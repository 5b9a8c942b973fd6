package selector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/talkgate/talkgate/hal"
)

// Selector is a knob whose lines are followed.
type Selector struct {
	kind   Kind
	lines  []hal.Input
	edges  [4]<-chan hal.Edge // nil, and never ready, where there is no line
	told   [4]bool            // level of the last edge of each
	check  [4]hal.Followed
	settle time.Duration
	start  int

	waiting []moved
}

// Open reads where the knob is. last is where one without fixed positions was
// when it was used last; settle is how long it has to rest to count.
func Open(kind Kind, lines []hal.Input, last int, settle time.Duration) (*Selector, error) {
	if len(lines) != kind.Lines() {
		return nil, fmt.Errorf("selector: %d lines; expected %d", len(lines), kind.Lines())
	}
	levels := make([]bool, len(lines))
	for i, line := range lines {
		var err error
		if levels[i], err = line.Active(); err != nil {
			return nil, fmt.Errorf("selector line %d: %w", i, err)
		}
	}
	s := &Selector{kind: kind, lines: lines, settle: settle, start: kind.Start(levels, last)}
	for i, line := range lines {
		s.edges[i], s.told[i], s.check[i] = line.Edges(), levels[i], hal.NewFollowed(line)
	}
	return s, nil
}

// Start is where the knob was when it was opened, or Nowhere.
func (s *Selector) Start() int { return s.start }

// moved is an edge of one of the lines.
type moved struct {
	hal.Edge
	line int
}

// Follow follows the knob until ctx ends or a line does. It calls left at once when
// the knob leaves its place, and rests when it has stayed somewhere, which may be the
// place it left, or Nowhere; and moves once a second, while all its lines are followed.
func (s *Selector) Follow(ctx context.Context, left func(), rests func(position int), moves func()) error {
	pulse := time.NewTicker(time.Second)
	defer pulse.Stop()
	at, moving := s.start, false
	settled := time.NewTimer(s.settle)
	settled.Stop()
	defer settled.Stop()
	for {
		var first moved
		var more bool
		select {
		case <-ctx.Done():
			return nil
		case <-settled.C:
			moving = false
			rests(at)
			continue
		case <-pulse.C:
			if s.moves() {
				moves()
			}
			continue
		case first.Edge, more = <-s.edges[0]:
		case first.Edge, more = <-s.edges[1]:
			first.line = 1
		case first.Edge, more = <-s.edges[2]:
			first.line = 2
		case first.Edge, more = <-s.edges[3]:
			first.line = 3
		}
		if !more {
			left()
			return errors.Join(fmt.Errorf("selector line %d", first.line), s.lines[first.line].Err())
		}
		for _, e := range s.with(first) {
			s.told[e.line] = e.Active
			now := s.kind.See(e.line, e.Active)
			if now == at && !moving {
				continue
			}
			if !moving {
				left()
			}
			at, moving = now, true
			settled.Reset(s.settle)
		}
	}
}

// moves reports whether all lines are still followed. All are asked, whatever the first
// says.
func (s *Selector) moves() bool {
	all := true
	for i := range s.lines {
		all = s.check[i].Moves(s.told[i]) && all
	}
	return all
}

// with is an edge and all others that wait, in the order of time: lines that were late
// to be read are ready at once, whichever moved first.
func (s *Selector) with(first moved) []moved {
	s.waiting = append(s.waiting[:0], first)
	for line, edges := range s.edges {
		for n := len(edges); n > 0; n-- {
			if e, more := <-edges; more {
				s.waiting = append(s.waiting, moved{e, line})
			}
		}
	}
	slices.SortStableFunc(s.waiting, func(a, b moved) int { return a.At.Compare(b.At) })
	return s.waiting
}

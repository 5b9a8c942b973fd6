package selector

import "fmt"

// Nowhere is the position of a knob that stands where there is no channel.
const Nowhere = -1

// Kind makes positions, counted from 0, of edges. It is pure: what it knows is in it.
type Kind interface {
	// Lines is how many lines it has.
	Lines() int
	// Start processes the level of every line at the start, and where the knob was
	// when it was used last. It returns where it is now.
	Start(levels []bool, last int) (position int)
	// See processes an edge and returns where the knob is now.
	See(line int, active bool) (position int)
}

// New makes the Kind of a name for so many channels.
func New(name string, channels int) (Kind, error) {
	switch name {
	case "buttons":
		return &Buttons{ring: ring{of: channels}}, nil
	case "rotary":
		return &Rotary{ring: ring{of: channels}}, nil
	case "bcd":
		return &BCD{of: channels}, nil
	}
	return nil, fmt.Errorf("selector %q; expected buttons, rotary or bcd", name)
}

// ring is a knob without ends: after the last channel comes the first.
type ring struct{ of, at int }

func (r *ring) start(last int) int {
	r.at = max(0, min(last, r.of-1))
	return r.at
}

func (r *ring) turn(by int) int {
	r.at = (r.at + by + r.of) % r.of
	return r.at
}

// Buttons is line 0 for the next channel and line 1 for the one before.
type Buttons struct{ ring }

// Lines implements Kind.
func (*Buttons) Lines() int { return 2 }

// Start implements Kind. A button that is held does not count.
func (b *Buttons) Start(_ []bool, last int) int { return b.start(last) }

// See implements Kind: each press counts once.
func (b *Buttons) See(line int, active bool) int {
	switch {
	case !active:
		return b.at
	case line == 0:
		return b.turn(1)
	}
	return b.turn(-1)
}

// BCD is a switch whose lines 0 to 3 are the bits 1, 2, 4 and 8 of the number of the
// channel, counted from 1. No line at all, as from a plug that is out, is no channel.
type BCD struct {
	of   int
	code uint8
}

// Lines implements Kind.
func (*BCD) Lines() int { return 4 }

// Start implements Kind.
func (b *BCD) Start(levels []bool, _ int) int {
	b.code = 0
	for line, active := range levels {
		b.set(line, active)
	}
	return b.position()
}

// See implements Kind.
func (b *BCD) See(line int, active bool) int {
	b.set(line, active)
	return b.position()
}

func (b *BCD) set(line int, active bool) {
	b.code &^= 1 << line
	if active {
		b.code |= 1 << line
	}
}

func (b *BCD) position() int {
	if p := int(b.code) - 1; p < b.of {
		return p // Nowhere for 0
	}
	return Nowhere
}

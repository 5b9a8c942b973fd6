package selector

// Rotary is a rotary encoder whose lines 0 and 1 are in quadrature, with one detent
// a cycle, at which both are at the same level as at the start. Turned clockwise, line
// 0 changes first.
//
// A detent counts when all four steps to it were seen, so that a contact that bounces,
// which goes back and forth between two steps, never counts, and one that is turned
// half-way and back does not either.
type Rotary struct {
	ring
	rest  uint8 // levels at a detent
	state uint8 // levels now, line 0 is bit 1
	steps int   // since the last detent, clockwise is positive
}

// Lines implements Kind.
func (*Rotary) Lines() int { return 2 }

// Start implements Kind.
func (r *Rotary) Start(levels []bool, last int) int {
	r.state, r.steps = 0, 0
	for line, active := range levels {
		r.set(line, active)
	}
	r.rest = r.state
	return r.start(last)
}

func (r *Rotary) set(line int, active bool) {
	bit := uint8(2) >> line
	r.state &^= bit
	if active {
		r.state |= bit
	}
}

// See implements Kind.
func (r *Rotary) See(line int, active bool) int {
	before := phase(r.state)
	r.set(line, active)
	switch (phase(r.state) - before + 4) % 4 {
	case 1:
		r.steps++
	case 3:
		r.steps--
	}
	if r.state != r.rest {
		return r.at
	}
	detent := r.steps / 4
	r.steps = 0
	return r.turn(detent)
}

// phase is how far in its cycle the encoder is: 00, 10, 11, 01 clockwise.
func phase(state uint8) int { return [4]int{0, 3, 1, 2}[state] }

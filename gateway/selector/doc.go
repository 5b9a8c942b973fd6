// Package selector is the knob that a port's user chooses the channel with: up and
// down buttons, a rotary encoder, or a BCD switch.
//
// A Kind is pure: it makes positions of the edges of lines. A Selector follows the
// lines and says when the knob has left a position, at once, and where it has come to
// rest, a little later.
package selector

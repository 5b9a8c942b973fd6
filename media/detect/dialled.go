package detect

import "slices"

// Command is what is dialled: *CODE, one digit for the command, and #.
type Command byte

// Commands.
const (
	NoCommand Command = 0
	TellState Command = '1'
	LockTalk  Command = '2'
	FreeTalk  Command = '3'
	// NotObeyed is digits that were no command, once no more has come for 5 s.
	NotObeyed Command = '?'
)

const (
	// dialPause is how long the next digit is waited for (5 s).
	dialPause = 5 * Rate
	// After dialTries wrong codes nothing is obeyed for dialShut (a minute).
	dialTries, dialShut = 3, 60 * Rate
)

// Remote obeys commands that are dialled with one of its codes. One goroutine uses
// it; nothing in it allocates.
type Remote struct {
	codes []string
	dtmf  *DTMF

	digits [16]byte
	n      int // of them, from the * on; 0 is before it
	since  int // samples since the last digit
	loose  int // digits since the last command
	wrong  int
	shut   int // samples for which nothing is obeyed
}

// NewRemote returns one that has heard nothing. A code is some digits.
func NewRemote(codes []string) *Remote { return &Remote{codes: codes, dtmf: NewDTMF()} }

// Hear takes low, the next samples at Rate, and returns the command that was completed
// in them, NotObeyed, or NoCommand.
func (r *Remote) Hear(low []float64) Command {
	digit := r.dtmf.Hear(low)
	r.shut = max(0, r.shut-len(low))
	if r.since += len(low); digit == 0 && r.since <= dialPause {
		return NoCommand
	}
	if r.since > dialPause {
		r.n = 0
	}
	if digit == 0 {
		if r.loose == 0 {
			return NoCommand
		}
		r.loose = 0
		return NotObeyed
	}
	r.since = 0
	r.loose++
	c := r.dial(digit)
	if c != NoCommand {
		r.loose = 0
	}
	return c
}

// Digit reports whether a digit is dialled at the moment.
func (r *Remote) Digit() bool { return r.dtmf.Digit() != 0 }

// dial adds a digit, and returns the command that it completes.
func (r *Remote) dial(digit byte) Command {
	switch {
	case digit == '*':
		r.digits[0], r.n = digit, 1
	case r.n == 0 || r.n == len(r.digits):
		r.n = 0
	case digit == '#':
		n := r.n
		r.n = 0
		if n > 2 {
			return r.obey(string(r.digits[1:n-1]), Command(r.digits[n-1]))
		}
	default:
		r.digits[r.n] = digit
		r.n++
	}
	return NoCommand
}

func (r *Remote) obey(code string, c Command) Command {
	switch {
	case r.shut > 0:
	case !slices.Contains(r.codes, code):
		if r.wrong++; r.wrong >= dialTries {
			r.wrong, r.shut = 0, dialShut
		}
	case c == TellState || c == LockTalk || c == FreeTalk:
		r.wrong = 0
		return c
	}
	return NoCommand
}

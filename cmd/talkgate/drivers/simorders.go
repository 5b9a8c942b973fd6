package drivers

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/talkgate/talkgate/hal/sim"
)

// obey moves the radio by the lines of in.
func (r *simRadio) obey(in io.Reader, out io.Writer, quit func()) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch order, digits, _ := strings.Cut(line, " "); {
		case line == "quit":
			quit()
			return
		case line == "", r.move(line), r.knob(line), order == "dial" && r.dial(strings.TrimSpace(digits)):
		default:
			fmt.Fprintf(out, "expected press, release, emergency, let go, up, down, turn right, turn left, select and a number, dial and digits, record or quit, found %q\n", line)
		}
	}
}

// move obeys one order, and reports whether it is one.
func (r *simRadio) move(order string) bool {
	switch {
	case order == "press" && r.repeater:
		r.radio.Receive(r.sentence())
	case order == "release" && r.repeater:
		r.radio.Fade()
	case order == "press":
		r.radio.Mic.Hear(r.sentence())
		r.radio.Button.Set(true)
	case order == "release":
		r.radio.Button.Set(false)
	case order == "emergency":
		r.radio.Mic.Hear(r.sentence())
		r.radio.Emergency.Set(true)
	case order == "let go":
		r.radio.Emergency.Set(false)
	case order == "record":
		r.record.Set(true)
		r.record.Set(false)
	default:
		return false
	}
	return true
}

// sentence is what is said from now on.
func (r *simRadio) sentence() sim.Source { return r.voice(r.radio.Mic.IndexAt(time.Now())) }

// dial lets the microphone hear digits from now on, whoever is talking.
func (r *simRadio) dial(digits string) bool {
	if digits == "" || strings.Trim(digits, "0123456789ABCD*#") != "" {
		return false
	}
	r.radio.Mic.Hear(sim.Dial(digits, r.radio.Mic.IndexAt(time.Now())))
	return true
}

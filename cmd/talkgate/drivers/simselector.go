package drivers

import (
	"strconv"
	"strings"

	"github.com/talkgate/talkgate/hal"
)

// selector is the lines of the virtual radio's knob, which is of any kind.
func (r *simRadio) selector() []hal.Input {
	var lines []hal.Input
	for _, in := range r.radio.Selector {
		lines = append(lines, in)
	}
	return lines
}

// knob moves it by a line of text; false is one that says nothing of it.
func (r *simRadio) knob(line string) bool {
	turn := map[string][]int{"up": {0, 0}, "down": {1, 1}, "turn right": {0, 1, 0, 1}, "turn left": {1, 0, 1, 0}}
	for _, i := range turn[line] {
		in := r.radio.Selector[i]
		active, err := in.Active()
		in.Set(err == nil && !active)
	}
	number, isSelect := strings.CutPrefix(line, "select ")
	if !isSelect {
		return turn[line] != nil
	}
	code, err := strconv.ParseUint(strings.TrimSpace(number), 10, 4)
	for i, in := range r.radio.Selector {
		if err == nil {
			in.Set(code>>i&1 == 1)
		}
	}
	return err == nil
}

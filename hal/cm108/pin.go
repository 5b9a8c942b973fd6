package cm108

import (
	"fmt"
	"strconv"
	"strings"
)

// pin is where a pin is in the reports.
type pin struct {
	octet int // 0 is the buttons, 1 the general purpose pins
	mask  byte
}

// parsePin finds a pin by its name.
func parsePin(name string) (pin, error) {
	for bit, button := range []string{"VOLUP", "VOLDN", "PLAYMUTE", "RECMUTE"} {
		if name == button {
			return pin{0, 1 << bit}, nil
		}
	}
	number, found := strings.CutPrefix(name, "GPIO")
	if n, err := strconv.ParseUint(number, 10, 4); found && err == nil && n >= 1 && n <= 8 && number[0] != '0' {
		return pin{1, 1 << (n - 1)}, nil
	}
	return pin{}, fmt.Errorf("expected VOLUP, VOLDN, PLAYMUTE, RECMUTE or GPIO1 to GPIO8, found %q", name)
}

// button reports whether the pin is an input for a push-button, which the chip
// reports as pressed when it is low.
func (p pin) button() bool { return p.octet == 0 }

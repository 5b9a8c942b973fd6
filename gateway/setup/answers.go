package setup

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/talkgate/talkgate/gateway/boards"
)

// None is the answer that leaves something out.
const None = "none"

// Answers is what a set-up has to know. Empty is what Survey.Propose says.
type Answers struct {
	// User is the port's ID and the name of its service, Name what the others see.
	User, Name string
	Channel    string
	// Board is the name of a board, None for no lines of its own, the label of a GPIO
	// chip, or "sim" for a virtual radio.
	Board string
	// Sound is the name of a card of package boards, an ALSA ID, or usb:SOCKET.
	Sound string
	// PTT is the line of the button, None, or "input:DEVICE KEY".
	PTT string
	// Radio is the USB radio interface that the card is part of, or None.
	Radio string
	// Listen is where the hub is reached; RedisPort is that of its Redis.
	Listen string
	// Status is where the port's own page is.
	Status    string
	RedisPort int
	// Shared lets further boards reach this one's Redis.
	Shared bool
}

// id is what a user or channel may be called; it becomes part of Redis' access rules and
// of file names.
var id = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// check says what is wrong with the answers.
func (a Answers) check() error {
	switch {
	case !id.MatchString(a.User):
		return fmt.Errorf("user %q: expected up to 63 letters, digits and . _ - only", a.User)
	case !id.MatchString(a.Channel):
		return fmt.Errorf("channel %q: expected up to 63 letters, digits and . _ - only", a.Channel)
	case strings.ContainsAny(a.Name, "\n\r\"\\") || a.Name == "":
		return fmt.Errorf("name %q: expected a name on one line", a.Name)
	case a.RedisPort < 1 || a.RedisPort > 65535:
		return fmt.Errorf("Redis port %d: expected 1 to 65535", a.RedisPort) //nolint:staticcheck // a name
	case a.Board == "sim":
		return nil
	case a.Sound == "":
		return fmt.Errorf("this board has no sound card: plug in a USB interface, or name the HAT that is on it (--sound %s)", strings.Join(hats(), ", "))
	}
	card, _ := a.card()
	if why := card.Conflict("ptt", a.PTT); why != "" {
		return fmt.Errorf("push-to-talk on %s: %s; free are %s", a.PTT, why, strings.Join(card.Free(), ", "))
	}
	if a.PTT == None && a.Radio == None {
		return fmt.Errorf("nothing would talk: name the line of a button (--line), or the radio interface whose squelch talks (--radio)")
	}
	return nil
}

// word is a name such as that of a board. The kernel's labels of GPIO chips have dots or
// dashes in them.
var word = regexp.MustCompile(`^[A-Za-z0-9]*$`)

// checkBoard says what is wrong with the board or the radio interface. chips are the labels of the machine's GPIO
// chips; nil if another machine is meant.
func (a Answers) checkBoard(chips []string) error {
	if radios := append(boards.Radios(), None, ""); !slices.Contains(radios, a.Radio) {
		return fmt.Errorf("radio interface %q: expected one of %s", a.Radio, strings.Join(radios[:len(radios)-1], ", "))
	}
	_, known := boards.ByName(a.Board)
	switch {
	case known, a.Board == None, a.Board == "sim", slices.Contains(chips, a.Board), chips == nil && !word.MatchString(a.Board):
		return nil
	}
	names := append(slices.Sorted(maps.Keys(boards.Chips())), None, "sim")
	there := "as 'gpiodetect' has it"
	if len(chips) > 0 {
		there = strings.Join(chips, ", ")
	}
	return fmt.Errorf("board %q: expected one of %s, or the label of a GPIO chip, %s", a.Board, strings.Join(names, ", "), there)
}

// card is the sound card, if it is known.
func (a Answers) card() (boards.Card, bool) {
	if c, ok := boards.CardByName(a.Sound); ok {
		return c, true
	}
	return boards.CardByID(a.Sound)
}

// Press waits until the push-to-talk button is pressed, on a line that the card leaves free
// or on an input device.
func (a Answers) Press(ctx context.Context, hw Hardware) (Press, error) {
	chip := ""
	if board, ok := boards.ByName(a.Board); ok {
		chip = board.Chip
	} else if a.Board != None {
		chip = a.Board
	}
	card, _ := a.card()
	return hw.Press(ctx, chip, card.Free())
}

// hats are the names of the cards that sit on the header.
func hats() (names []string) {
	for _, c := range boards.Cards() {
		if c.Overlay != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

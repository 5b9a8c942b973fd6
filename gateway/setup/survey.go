package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/talkgate/talkgate/gateway/boards"
)

// Card is a sound card that is there.
type Card struct {
	ID              string
	Captures, Plays bool
}

// Press is what was pressed: a line of a chip, or a key of an input device.
type Press struct {
	Chip, Line, Input, Key string
}

// String is the press as Answers.PTT has it.
func (p Press) String() string {
	if p.Input != "" {
		return "input:" + p.Input + " " + p.Key
	}
	return p.Line
}

// Hardware is what lines and cards a machine has. The command picks the driver.
type Hardware interface {
	// Chips are the labels of the GPIO chips.
	Chips() ([]string, error)
	// Cards are the sound cards.
	Cards() ([]Card, error)
	// Press waits until one of the lines of a chip is pulled to ground, or a key of an
	// input device is pressed. An empty chip has no lines.
	Press(ctx context.Context, chip string, lines []string) (Press, error)
}

// Survey is what was found on a machine.
type Survey struct {
	Model string // of the device tree; empty is none
	Board boards.Board
	Chips []string
	Cards []Card
	Host  string
	// Server is the Redis server that is installed: "redis" or "valkey"; empty is none.
	Server string
}

// Look looks at a machine.
func Look(m Machine, hw Hardware) (s Survey, err error) {
	if text, err := os.ReadFile(m.Path("/proc/device-tree/model")); err == nil {
		s.Model = strings.TrimRight(string(text), "\x00\n")
		s.Board, _ = boards.ByModel(s.Model)
	}
	if text, err := os.ReadFile(m.Path("/etc/hostname")); err == nil {
		s.Host = strings.TrimSpace(string(text))
	}
	for _, server := range []string{"redis", "valkey"} {
		if s.Server == "" && exists(m, "/usr/bin/"+server+"-server") {
			s.Server = server
		}
	}
	var errs [2]error
	s.Chips, errs[0] = hw.Chips()
	s.Cards, errs[1] = hw.Cards()
	return s, errors.Join(errs[:]...)
}

// chips are the labels of the GPIO chips, not nil where there are none.
func (s Survey) chips() []string { return append([]string{}, s.Chips...) }

// found describes the machine in a line each.
func (s Survey) found() (all []string) {
	all = append(all, "board: "+cmp.Or(s.Board.Title, s.Model, "not one that talkgate knows"))
	if len(s.Chips) > 0 {
		all = append(all, "lines: chips "+strings.Join(s.Chips, ", "))
	}
	for _, c := range s.Cards {
		title := "a sound card that talkgate does not know"
		if known, ok := boards.CardByID(c.ID); ok {
			title = known.Title
		}
		all = append(all, fmt.Sprintf("sound: %s, %s", c.ID, title))
	}
	if len(s.Cards) == 0 {
		all = append(all, "sound: no card")
	}
	return append(all, "Redis: "+cmp.Or(s.Server, "not installed"))
}

// Propose fills in what the answers leave open.
func (s Survey) Propose(a Answers) Answers {
	host := strings.Map(func(r rune) rune {
		if strings.ContainsRune("._-", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s.Host)
	a.User = cmp.Or(a.User, host, "port")
	a.Name = cmp.Or(a.Name, a.User)
	a.Channel = cmp.Or(a.Channel, "main")
	a.Listen = cmp.Or(a.Listen, ":8443")
	a.Status = cmp.Or(a.Status, "127.0.0.1:9100")
	a.RedisPort = cmp.Or(a.RedisPort, 6380)
	if a.Board == "" {
		switch {
		case s.Board.Name != "":
			a.Board = s.Board.Name
		case len(s.Chips) > 0:
			a.Board = s.Chips[0]
		default:
			a.Board = None
		}
	}
	if a.Board == "sim" {
		return a
	}
	if a.Sound == "" {
		a.Sound = s.card()
	}
	card, _ := a.card()
	if a.Radio == "" {
		a.Radio = None
		if card.Radio {
			a.Radio = card.Name
		}
	}
	if a.PTT == "" {
		a.PTT = card.ButtonLine()
		if a.Radio != None || a.Board == None {
			a.PTT = None
		}
	}
	return a
}

// card is the card to propose: one that we know before others, of those that do both.
func (s Survey) card() string {
	other := ""
	for _, c := range s.Cards {
		if !c.Captures || !c.Plays {
			continue
		}
		if _, known := boards.CardByID(c.ID); known {
			return c.ID
		}
		other = cmp.Or(other, c.ID)
	}
	return other
}

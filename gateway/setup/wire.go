package setup

import (
	"fmt"
	"strings"

	"github.com/talkgate/talkgate/gateway/boards"
	"github.com/talkgate/talkgate/gateway/config"
)

// Configuration is that of a port on somebody's hub and Redis, with comments. token names
// the file with its token.
func Configuration(a Answers, redis, hub, token string) (string, error) {
	if err := a.checkBoard(nil); err != nil {
		return "", err
	}
	c := config.Default()
	c.Version, c.Channel = config.Version, a.Channel
	c.Identity.UserID, c.Identity.UserName = a.User, a.Name
	c.Redis.URL = config.URL(redis)
	c.Link.Kind, c.Link.Hub.URL, c.Link.Hub.TokenFile = "hub", config.URL(hub), config.File(token)
	a.Wire(&c)
	return written("init", c)
}

// written is the text of a configuration that can be read again.
func written(name string, c config.Config) (string, error) {
	text, err := config.Commented(c)
	if err != nil {
		return "", err
	}
	if _, err := config.Parse(name, []byte(text)); err != nil {
		return "", fmt.Errorf("the answers make no configuration: %w", err)
	}
	return text, nil
}

// Wire puts hardware and recorder into a configuration. The recorder is where the service
// makes room for it.
func (a Answers) Wire(c *config.Config) {
	c.Hardware.Driver = "sim"
	if a.Board == "sim" {
		return
	}
	c.Hardware.Driver = "board"
	c.Recorder.Memory, c.Recorder.Directory = "runtime:flight", "state:recordings"
	card, known := a.card()
	id := a.Sound
	if _, byName := boards.CardByName(a.Sound); byName {
		id = card.IDs[0]
	}
	b := c.Hardware.Board
	b.Sound.Microphone.Card, b.Sound.Speaker.Card = id, id
	if known && card.Mixer {
		b.Sound.Mixer = "known"
	}
	a.wireButton(b)
	if a.Radio != None {
		chip := id
		if !strings.HasPrefix(id, "usb:") {
			chip = "card:" + id
		}
		b.COR.Chip, b.COR.Line, b.COR.Pull = chip, "VOLDN", "keep"
		b.PTTOut.Chip, b.PTTOut.Line = chip, "GPIO3"
	}
}

func (a Answers) wireButton(b *config.BoardHardware) {
	input, isKey := strings.CutPrefix(a.PTT, "input:")
	at := strings.LastIndex(input, " ")
	board, known := boards.ByName(a.Board)
	switch {
	case isKey && at > 0:
		b.PTT.Input, b.PTT.Key = input[:at], input[at+1:]
	case a.PTT == None || a.Board == None:
	case known:
		b.PTT.Chip, b.PTT.Line = board.Chip, a.PTT
	default:
		b.PTT.Chip, b.PTT.Line = a.Board, a.PTT
	}
}

package setup

import (
	"errors"

	"github.com/talkgate/talkgate/gateway/config"
)

// WireFound says in c what hardware a port has: what the answers leave open is as it is found
// on the machine. It is for a board that joins a site of others.
func WireFound(m Machine, hw Hardware, a Answers, c *config.Config) error {
	if a.Board != "sim" {
		s, err := Look(m, hw)
		if err != nil {
			return err
		}
		a = s.Propose(a)
		if err := errors.Join(a.checkBoard(s.chips()), a.check()); err != nil {
			return err
		}
	}
	a.Wire(c)
	return nil
}

// Package demo is a site in one process: a hub, a Redis and virtual radios, each
// a complete port. It is there to be looked at, and to test itself.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
)

// Channel is the channel of the demo.
const Channel = "gates"

// Run shows the demo until ctx ends, and says on out where to look.
func Run(ctx context.Context, cfg Config, out io.Writer) error {
	site, err := newSite(cfg)
	if err != nil {
		return err
	}
	for _, radio := range []struct {
		name string
		wrap func(*station, *port.Options) error
	}{{"north-gate", nil}, {"south-gate", nil}, {"hill-repeater", repeater}} {
		if _, err := site.newStation(radio.name, Channel, sim.Speech, radio.wrap); err != nil {
			return errors.Join(err, site.close())
		}
	}
	site.beside = append(site.beside, site.attend, site.answerQuestions)
	if err := site.welcome(out); err != nil {
		return errors.Join(err, site.close())
	}
	return site.Run(ctx)
}

func (s *Site) welcome(out io.Writer) error {
	where := "in this process, " + s.redisURL
	if s.embedded == nil {
		where = "as given with --redis"
	}
	_, err := fmt.Fprintf(out, `talkgate-demo

  open    %[1]s
  console %[1]s/fleet.html
  radios  north-gate, south-gate and hill-repeater, on channel %[2]s
  redis   %[3]s
  end     Ctrl-C

`, s.URL(), Channel, where)
	return err
}

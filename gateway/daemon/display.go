package daemon

import (
	"cmp"
	"math"
	"strings"

	"github.com/talkgate/talkgate/gateway/display"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/state/floor"
)

// newDisplay is the display of a board; nil without one.
func (d *runner) newDisplay(starter *starter) *display.Display {
	cfg, wired := d.cfg.Hardware.Display()
	if !wired {
		return nil
	}
	return display.New(display.Options{
		Open: func() (hal.Display, error) { return d.opt.Drivers.Display(cfg) },
		View: func() display.View { return viewOf(d.health, starter.port.Load()) },
		Dim:  cfg.Dim, Off: cfg.Off, Log: d.log,
	})
}

// viewOf is what a display shows of a port; p is nil while there is none.
func viewOf(health *status.Health, p *port.Port) display.View {
	v := display.View{Channel: health.Channel(), Level: math.Inf(-1)}
	onAir, words := health.Summary()
	if !onAir {
		v.Missing = strings.TrimPrefix(words, "on channel "+v.Channel+", ")
	}
	s, ok := health.Latest()
	if !ok {
		return v
	}
	v.Ours, v.Emergency = s.Floor.Phase == floor.Talking, s.Emergency
	if s.Taken {
		v.Talker = cmp.Or(s.HolderName, s.Holder, "?")
	}
	v.State = stateOf(s)
	if p != nil && v.Ours {
		v.Level = p.MicLevel().RMS()
	} else if p != nil {
		v.Level = p.SpeakerLevel().RMS()
	}
	return v
}

func stateOf(s port.Status) string {
	switch why := port.Why(s.Floor); {
	case s.Unheard != "":
		return "unheard: " + port.UnheardWords(s.Unheard)
	case s.Floor.Phase == floor.Talking:
		return "talking"
	case why != "":
		return why
	case s.Taken:
		return "in use"
	}
	return "free"
}

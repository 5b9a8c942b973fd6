package drivers

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
)

const (
	// meterPeriod is how often the virtual loudspeaker is looked at.
	meterPeriod = 50 * time.Millisecond
	// audible is the level from which it counts as heard, in dBFS.
	audible = -50
	// longestSpeech is the most that a virtual microphone speaks before it begins anew.
	longestSpeech = 10 * time.Minute
)

// simRadio is a virtual radio moved by lines of text.
type simRadio struct {
	radio   *sim.Radio
	voice   func(from uint64) sim.Source
	status  atomic.Pointer[port.Status]
	changed chan struct{}
	record  *sim.Input
	// repeater says that it has a receiver and a transmitter in place of a button.
	repeater bool
}

func openSim(cfg config.SimHardware, in io.Reader, out io.Writer, quit func()) (daemon.Board, error) {
	voice, err := openVoice(string(cfg.Speech))
	if err != nil {
		return daemon.Board{}, config.Mistake{Err: fmt.Errorf("hardware.speech: %w", err)}
	}
	r := &simRadio{radio: sim.NewRadio("virtual", sim.Silence()), voice: voice, changed: make(chan struct{}, 1),
		record: sim.NewInput("virtual record button"), repeater: cfg.Radio == "repeater"}
	r.status.Store(&port.Status{})
	hw := port.Hardware{PTT: r.radio.Button, Emergency: r.radio.Emergency, Mic: r.radio.Mic, Speaker: r.radio.Speaker, Lamps: r.radio.Panel,
		Selector: r.selector()}
	if r.repeater {
		hw.PTT, hw.COR, hw.PTTOut = nil, r.radio.COR, r.radio.PTTOut
	}
	return daemon.Board{
		Hardware: hw,
		Record:   r.record,
		Observe:  r.Observe,
		Run: func(ctx context.Context) {
			go r.obey(in, out, quit) // a read of standard input cannot be ended
			r.print(ctx, out)
		},
	}, nil
}

// openVoice is what the microphone hears while the button is pressed.
func openVoice(path string) (func(from uint64) sim.Source, error) {
	if path == "" {
		return sim.Speech, nil
	}
	pcm, err := options.ReadSound(path, longestSpeech)
	if err != nil {
		return nil, err
	}
	return func(from uint64) sim.Source { return sim.Loop(pcm, from) }, nil
}

func (r *simRadio) Observe(s port.Status) {
	r.status.Store(&s)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// print writes the radio's lamps, and whether it is heard, whenever they change.
func (r *simRadio) print(ctx context.Context, out io.Writer) {
	meter := time.NewTicker(meterPeriod)
	defer meter.Stop()
	for last := ""; ; {
		if now := r.String(); now != last {
			fmt.Fprintln(out, now)
			last = now
		}
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		case <-meter.C:
		}
	}
}

// String is what the radio shows, as one line.
func (r *simRadio) String() string {
	s := r.status.Load()
	speaker := "quiet"
	if r.radio.Speaker.Level() > audible {
		speaker = "heard"
	}
	line := fmt.Sprintf("state=%s lamps=%s speaker=%s holder=%q",
		strings.ToLower(s.Floor.Phase.String()), lit(s.Lamps), speaker, s.Holder)
	if r.repeater {
		open, _ := r.radio.COR.Active() // gone is closed
		line += fmt.Sprintf(" squelch=%s transmitter=%s", word(open, "open", "closed"), word(r.radio.PTTOut.Active(), "keyed", "off"))
	}
	if why := port.Why(s.Floor); why != "" {
		line += fmt.Sprintf(" why=%q", why)
	}
	return line
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// lit names the lamps that are lit.
func lit(l hal.Lamps) string {
	var names []string
	for _, lamp := range []struct {
		on   bool
		name string
	}{{l.Talk, "talk"}, {l.Busy, "busy"}, {l.Alert, "alert"}, {l.Link, "link"}, {l.Emergency, "emergency"}} {
		if lamp.on {
			names = append(names, lamp.name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ",")
}

package setup

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/doctor"
)

// Dialog asks the technician. Use NewDialog.
type Dialog struct {
	out   io.Writer
	lines chan string // closed at the end of the input
}

// NewDialog reads answers from in, a line each, and asks on out. The goroutine that reads
// ends with in.
func NewDialog(in io.Reader, out io.Writer) *Dialog {
	d := &Dialog{out: out, lines: make(chan string)}
	go func() {
		defer close(d.lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			d.lines <- strings.TrimSpace(s.Text())
		}
	}()
	return d
}

// line waits for an answer; the end of the input is an empty one.
func (d *Dialog) line(ctx context.Context) (string, error) {
	select {
	case text := <-d.lines:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// question asks; an empty answer takes proposed.
func (d *Dialog) question(ctx context.Context, what, proposed string) (string, error) {
	fmt.Fprintf(d.out, "%s [%s]: ", what, proposed)
	text, err := d.line(ctx)
	if text == "" {
		text = proposed
	}
	return text, err
}

// yes asks for yes or no; an empty answer is yes.
func (d *Dialog) yes(ctx context.Context, what string) (bool, error) {
	text, err := d.question(ctx, what, "yes")
	return err == nil && strings.HasPrefix(strings.ToLower(text), "y"), err
}

// ask asks for what no flag said.
func (d *Dialog) ask(ctx context.Context, s Survey, a Answers, hw Hardware) (Answers, error) {
	proposed := s.Propose(a)
	for _, q := range []struct {
		what string
		at   *string
		from string
	}{
		{"ID of the port", &a.User, proposed.User},
		{"name shown to the others", &a.Name, ""},
		{"channel", &a.Channel, proposed.Channel},
	} {
		if *q.at != "" {
			continue
		}
		if q.from == "" {
			q.from = a.User
		}
		text, err := d.question(ctx, q.what, q.from)
		if err != nil {
			return a, err
		}
		*q.at = text
	}
	if !a.Shared {
		var err error
		if a.Shared, err = d.yes(ctx, "Will further boards join this one?"); err != nil {
			return a, err
		}
	}
	if a.Board == "sim" {
		return a, nil
	}
	if a.Sound == "" {
		text, err := d.question(ctx, "sound card, by its ID or "+strings.Join(hats(), ", "), proposed.Sound)
		if err != nil {
			return a, err
		}
		a.Sound = text
	}
	if a.PTT == "" {
		return d.button(ctx, s.Propose(a), hw)
	}
	return a, nil
}

// button lets the technician press the push-to-talk button, or say where it is.
func (d *Dialog) button(ctx context.Context, a Answers, hw Hardware) (Answers, error) {
	fmt.Fprintf(d.out, "press the push-to-talk button now, or type its line, or none [%s]: ", a.PTT)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pressed := make(chan Press, 1)
	go func() {
		if p, err := a.Press(ctx, hw); err == nil {
			pressed <- p
		}
	}()
	select {
	case p := <-pressed:
		a.PTT = p.String()
		fmt.Fprintf(d.out, "\nthat was %s\n", a.PTT)
	case text := <-d.lines:
		if text != "" {
			a.PTT = text
		}
	case <-ctx.Done():
		return a, ctx.Err()
	}
	return a, nil
}

// try lets the technician speak, hear, and key the radio.
func (d *Dialog) try(ctx context.Context, cfg config.Config, drivers daemon.Drivers) error {
	for {
		yes, err := d.yes(ctx, "Speak into the microphone, to set its level?")
		if err != nil || !yes {
			return err
		}
		well := true
		err = doctor.TryHardware(cfg, drivers, func(b daemon.Board) error {
			findings, err := doctor.Levels(cfg, b, d.out)
			for _, f := range findings {
				fmt.Fprintf(d.out, "%s: %s\n", f.Check, f.Found)
				if !f.OK {
					fmt.Fprintln(d.out, "  do:", f.Do)
					well = false
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		if well {
			break
		}
	}
	what := "Hear a tone in the loudspeaker?"
	if cfg.Hardware.Board.PTTOut.Chip != "" {
		what = "Key the radio, and hear a tone by it? (a dummy load is on its antenna)"
	}
	yes, err := d.yes(ctx, what)
	if err != nil || !yes {
		return err
	}
	return doctor.TryHardware(cfg, drivers, func(b daemon.Board) error { return doctor.Tone(ctx, b, d.out) })
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/doctor"
	"github.com/talkgate/talkgate/gateway/status"
)

func newDoctorCommand() *cobra.Command {
	var (
		path, controls                   string
		asJSON                           bool
		watchLines, parrot, tone, levels bool
	)
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a port needs, and say what to do",
		Long: `Check everything that the port of a configuration needs: the file, the clock, the
token, lines and sound cards, the level at the microphone, Redis, talk rights, and
the link. Each is ok, or comes with what to do about it. Exits 1 when one is not.

A port that runs has its lines, cards and link to itself: stop it first.

  --watch-lines   shows push-to-talk, COR and readback as they change, until Ctrl-C
  --tone          plays a tone of 1 kHz at -20 dBFS for three seconds
  --parrot        records three seconds and plays them back
  --levels        listens to speech for ten seconds, and says how to set the levels;
                  with --controls, after setting controls of the sound cards as
                  hardware.sound.mixer does

Tone and parrot key the transmitter meanwhile, if ptt_out is wired: mind the dummy load.`,
		Example: `  talkgate doctor --config /etc/talkgate/north-gate.yaml
  talkgate doctor --config port.yaml --json
  talkgate doctor --config port.yaml --watch-lines
  talkgate doctor --config port.yaml --levels --controls known`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := daemon.LoadPort(path)
			out, drivers := cmd.OutOrStdout(), drivers.New(strings.NewReader(""), io.Discard)
			switch {
			case err != nil:
				return report(out, []status.Finding{{Check: "configuration", Found: err.Error(), Do: "correct the file; 'talkgate config example' shows all keys"}}, asJSON)
			case watchLines:
				return doctor.TryHardware(cfg, drivers, func(b daemon.Board) error { return doctor.WatchLines(cmd.Context(), b, out) })
			case tone:
				return doctor.TryHardware(cfg, drivers, func(b daemon.Board) error { return doctor.Tone(cmd.Context(), b, out) })
			case parrot:
				return doctor.TryHardware(cfg, drivers, func(b daemon.Board) error { return doctor.Parrot(cmd.Context(), cfg, b, out) })
			case controls != "" && cfg.Hardware.Board == nil:
				return errors.New("--controls: a virtual radio has no sound card: set hardware.driver to board")
			case levels:
				if controls != "" {
					cfg.Hardware.Board.Sound.Mixer = controls
				}
				var findings []status.Finding
				err := doctor.TryHardware(cfg, drivers, func(b daemon.Board) (err error) {
					findings, err = doctor.Levels(cfg, b, cmd.ErrOrStderr())
					return err
				})
				if err != nil {
					return err
				}
				if controls != "" {
					findings = append(findings, status.Finding{Check: "sound controls", OK: true, Found: "set to " + controls + " until a port starts",
						Do: "to keep them: hardware.sound.mixer: " + strconv.Quote(controls)})
				}
				return report(out, findings, asJSON)
			}
			return report(out, doctor.Examine(cmd.Context(), path, cfg, drivers), asJSON)
		},
	}
	f := c.Flags()
	f.StringVarP(&path, "config", "c", "", "configuration of the port (required)")
	_ = c.MarkFlagRequired("config") // it exists
	f.BoolVar(&asJSON, "json", false, "print one JSON array")
	f.BoolVar(&watchLines, "watch-lines", false, "show edges of the inputs")
	f.BoolVar(&tone, "tone", false, "play a tone")
	f.BoolVar(&parrot, "parrot", false, "record, then play back")
	f.BoolVar(&levels, "levels", false, "listen, and say how to set the levels")
	f.StringVar(&controls, "controls", "", "set these controls first, as hardware.sound.mixer has them; with --levels")
	c.MarkFlagsMutuallyExclusive("json", "watch-lines", "tone", "parrot")
	c.MarkFlagsMutuallyExclusive("levels", "watch-lines", "tone", "parrot")
	c.MarkFlagsMutuallyExclusive("controls", "watch-lines", "tone", "parrot")
	return c
}

// report prints what was found; the error says that something is not right.
func report(out io.Writer, findings []status.Finding, asJSON bool) error {
	bad := 0
	for _, f := range findings {
		if !f.OK {
			bad++
		}
	}
	if err := printFindings(out, findings, asJSON); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("doctor: %d of %d checks need something to be done", bad, len(findings))
	}
	return nil
}

func printFindings(out io.Writer, findings []status.Finding, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(findings)
	}
	var errs []error
	for _, f := range findings {
		word := "ok"
		if !f.OK {
			word = "NOT OK"
		}
		_, err := fmt.Fprintf(out, "%-7s %-16s %s\n", word, f.Check, f.Found)
		errs = append(errs, err)
		if f.Do != "" {
			_, err = fmt.Fprintf(out, "%24s %s\n", "do:", f.Do)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
)

func newRunCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "run",
		Short: "Run a port: one radio on one channel",
		Long: `Run the port that a configuration describes, until SIGINT or SIGTERM. What it
waits for, such as Redis or the hub, it waits for without end; it never talks
without both.

With the driver board, hardware that is missing is waited for, too, also when it
vanishes while the port runs.

With status.listen the port shows on a page what it does, what is wrong and what to
do about it; nothing can be done on that page.

With the driver sim the radio is virtual. Lines on standard input move it:
  press     hold the PTT button; the microphone hears a sentence
  release   let it up
            (of a repeater: it receives somebody, and does no more)
  up, down  press a button of the selector
  turn right, turn left
            turn the selector, a rotary encoder, by one detent
  select 3  set the selector, a BCD switch
  emergency hold the emergency button; the microphone hears a sentence
  let go    let it up
  dial *1#  the microphone hears these digits (DTMF)
  record    press the flight recorder's button
  quit      end
and lines on standard output tell what it shows and whether it is heard.`,
		Example: `  talkgate run --config port.yaml
  (echo press; sleep 3; echo release; sleep 1; echo quit) | talkgate run --config port.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			local, err := config.LoadLocal(path, os.Getenv("CREDENTIALS_DIRECTORY"))
			if err != nil {
				return config.Mistake{Err: err}
			}
			err = daemon.Run(cmd.Context(), daemon.Options{
				Local:   local,
				Load:    func() (config.Config, error) { return config.Load(path, os.Getenv("CREDENTIALS_DIRECTORY")) },
				Drivers: drivers.New(cmd.InOrStdin(), cmd.OutOrStdout()),
				OpenLog: func(cfg config.Log) (*slog.Logger, *slog.LevelVar, error) { return openLog(cmd, cfg) },
			})
			if errors.Is(err, daemon.ErrRestart) {
				return restart(cmd.Context())
			}
			return err
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "", "configuration of the port; see 'talkgate config' (required)")
	_ = c.MarkFlagRequired("config") // it exists
	return c
}

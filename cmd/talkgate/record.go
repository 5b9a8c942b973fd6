package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/flight"
)

func newRecordCommand() *cobra.Command {
	var path, output string
	c := &cobra.Command{
		Use:   "record",
		Short: "Write out the last minutes of a port",
		Long: `Write out what the flight recorder of a port holds: the last minutes of what it
sent and heard, and of what happened. The port is not disturbed, and need not
run any more. Its configuration names the memory in recorder.memory.

The file is a zip archive with the sound as Ogg Opus and the events as JSON;
'talkgate replay' shows it.`,
		Example: `  talkgate record --config /etc/talkgate/north-gate.yaml
  talkgate record --config port.yaml --output - | ssh desk 'cat > port.zip'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := daemon.LoadPort(path)
			if err != nil {
				return config.Mistake{Err: err}
			}
			if cfg.Recorder.Memory == "" {
				return config.Mistake{Err: errors.New("recorder.memory: expected the file that the port records in, such as /run/talkgate/north-gate.flight, found none")}
			}
			rec, err := flight.ReadRing(string(cfg.Recorder.Memory))
			if err != nil {
				return err
			}
			rec.Reason = "command"
			if output == "-" {
				return rec.WriteArchive(cmd.OutOrStdout())
			}
			if output == "" {
				output = cfg.Identity.UserID + "-" + time.Now().Format("20060102T150405") + ".zip"
			}
			if err := flight.WriteFile(output, rec.WriteArchive); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), output)
			return nil
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "", "configuration of the port (required)")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write, - for standard output (default: USER-TIME.zip)")
	_ = c.MarkFlagRequired("config") // it exists
	return c
}

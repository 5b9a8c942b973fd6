package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/flight"
)

func newReplayCommand() *cobra.Command {
	var page string
	var asJSON bool
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Show a recording of a port",
		Long: `Show what 'talkgate record' wrote, or a port by itself: what happened and what
sounded, on one clock. As a page it has the sound, too.`,
		Example: `  talkgate replay north-gate.zip
  talkgate replay north-gate.zip --html north-gate.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			a, err := flight.ReadArchive(b)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			switch {
			case page != "":
				return flight.WriteFile(page, a.WriteHTML)
			case asJSON:
				return a.WriteJSON(cmd.OutOrStdout())
			}
			return a.WriteText(cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&page, "html", "", "file to write the timeline to as a page of its own, with the sound")
	c.Flags().BoolVar(&asJSON, "json", false, "a JSON object for each line")
	c.MarkFlagsMutuallyExclusive("html", "json")
	return c
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/demo"
	"github.com/talkgate/talkgate/gateway/config"
)

func newDemoCommand() *cobra.Command {
	var (
		site     demo.Config
		logLevel string
		selftest bool
		asJSON   bool
		presses  int
	)
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show virtual radios, a hub and Redis in one process",
		Long: `Show two virtual handhelds and a virtual repeater on a channel, each a complete
port, with a hub and a Redis of their own in one process. Open the page it
prints: it presses the handhelds' buttons, calls in over the repeater, shows
lamps, squelch and transmitter, takes talk rights away, and lets you talk.
Ctrl-C ends everything.

Whoever reaches the page is handed a token, so it listens on loopback only
unless told otherwise.

--selftest shows nothing but presses and revokes so many times each, measures,
and exits 1 when a count is wrong: speech clipped, a packet after a revocation,
two talkers at once, an allocation on the audio path. Its times depend on the
machine and decide nothing.`,
		Example: `  talkgate demo
  talkgate demo --listen 127.0.0.1:9000 --redis redis://127.0.0.1:6379
  talkgate demo --selftest --json
  talkgate demo --selftest --presses 20`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if presses < 1 {
				return fmt.Errorf("--presses is %d, expected at least 1", presses)
			}
			log, err := newLogger(config.Log{Level: logLevel, Format: "auto"}, new(slog.LevelVar), cmd.ErrOrStderr(), os.Getenv("JOURNAL_STREAM"))
			if err != nil {
				return err
			}
			site.Logger = log
			if !selftest {
				return demo.Run(cmd.Context(), site, cmd.OutOrStdout())
			}
			if !cmd.Flags().Changed("listen") {
				site.Listen = "127.0.0.1:0" // a demo may be running
			}
			report, err := demo.Selftest(cmd.Context(), site, presses)
			if err != nil {
				return fmt.Errorf("selftest: %w", err)
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = report.Print(cmd.OutOrStdout())
			}
			if err == nil && !report.OK {
				err = errors.New("selftest: a count is wrong")
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&site.Listen, "listen", "127.0.0.1:8080", "where the hub serves HTTP")
	f.StringVar(&site.RedisURL, "redis", "", "URL of a Redis to use (default: one in this process)")
	f.StringVar(&logLevel, "log-level", "warn", "least severity that is logged: debug, info, warn, error")
	f.BoolVar(&selftest, "selftest", false, "measure instead of showing")
	f.IntVar(&presses, "presses", 200, "with --selftest: how many presses, and how many revocations")
	f.BoolVar(&asJSON, "json", false, "with --selftest: print one JSON object")
	return c
}

// Command talkgate-demo shows talkgate without hardware: virtual radios, a hub and
// a Redis in one process. It is apart from talkgate so that a board's binary has no
// Redis server in it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate-demo/demo"
	"github.com/talkgate/talkgate/state/redis/conn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)              // a second signal ends the process at once
	conn.LogTo(slog.New(slog.DiscardHandler)) // each caller reports its own errors
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitCode(err))
	}
}

// usageError is an error of the command line.
type usageError struct{ error }

// exitCode is 2 for a wrong command line, and 1 for what was tried.
func exitCode(err error) int {
	if _, isUsage := errors.AsType[usageError](err); isUsage {
		return 2
	}
	return 1
}

func newCommand() *cobra.Command {
	var (
		site     demo.Config
		logLevel string
		selftest bool
		asJSON   bool
		presses  int
	)
	c := &cobra.Command{
		Use:   "talkgate-demo",
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
		Example: `  talkgate-demo
  talkgate-demo --listen 127.0.0.1:9000 --redis redis://127.0.0.1:6379
  talkgate-demo --selftest --json
  talkgate-demo --selftest --presses 20`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if presses < 1 {
				return usageError{fmt.Errorf("--presses is %d, expected at least 1", presses)}
			}
			var level slog.Level
			if err := level.UnmarshalText([]byte(logLevel)); err != nil {
				return usageError{fmt.Errorf("--log-level is %q, expected debug, info, warn or error", logLevel)}
			}
			site.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			if !selftest {
				return demo.Run(cmd.Context(), site, cmd.OutOrStdout())
			}
			if !cmd.Flags().Changed("listen") {
				site.Listen = "127.0.0.1:0" // a demo may be running
			}
			return runSelftest(cmd.Context(), site, presses, asJSON, cmd.OutOrStdout())
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := c.Flags()
	f.StringVar(&site.Listen, "listen", "127.0.0.1:8080", "where the hub serves HTTP")
	f.StringVar(&site.RedisURL, "redis", "", "URL of a Redis to use (default: one in this process)")
	f.StringVar(&logLevel, "log-level", "warn", "least severity that is logged: debug, info, warn, error")
	f.BoolVar(&selftest, "selftest", false, "measure instead of showing")
	f.IntVar(&presses, "presses", 200, "with --selftest: how many presses, and how many revocations")
	f.BoolVar(&asJSON, "json", false, "with --selftest: print one JSON object")
	return c
}

func runSelftest(ctx context.Context, site demo.Config, presses int, asJSON bool, out io.Writer) error {
	report, err := demo.Selftest(ctx, site, presses)
	if err != nil {
		return fmt.Errorf("selftest: %w", err)
	}
	if asJSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = report.Print(out)
	}
	if err == nil && !report.OK {
		err = errors.New("selftest: a count is wrong")
	}
	return err
}

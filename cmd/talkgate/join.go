package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/enroll/board"
	"github.com/talkgate/talkgate/gateway/setup"
)

// joinFlags are what 'talkgate join' is told.
type joinFlags struct {
	hub, name           string
	configDir, stateDir string
	noStart             bool
	wiring              []*answer // of 'talkgate init', as far as they are about hardware
}

func newJoinCommand() *cobra.Command {
	flags := joinFlags{wiring: slices.DeleteFunc(newAnswers(), func(a *answer) bool {
		return !slices.Contains([]string{"board", "line", "sound", "radio"}, a.flag)
	})}
	c := &cobra.Command{
		Use:   "join CODE",
		Short: "Make this board a port of a site, with a code of its hub",
		Long: `Join a site: 'talkgate invite' on the hub, or its console, gives the code. The hub
is found by itself on the local network, or by --hub. The code proves to each side
that the other is who it should be; no certificate is trusted at first sight.

The board receives identity, channel, talk rights, its Redis user and the hub's
certificate, makes a key of its own for its tokens, writes its configuration and starts
the service. If anything fails, nothing is changed.

What a configuration with the port's name says already of hardware, sound and the rest
is kept. Without one the hardware is what is found on the board, as 'talkgate setup'
proposes it; --board, --line, --sound and --radio say otherwise.`,
		Example: `  talkgate join K7M-2Q9-XDR
  talkgate join K7M-2Q9-XDR --hub https://hub.example:8443
  talkgate join K7M-2Q9-XDR --board pi5 --line GPIO17 --sound wm8960`,
		RunE: func(cmd *cobra.Command, args []string) error { return runJoin(cmd, args[0], &flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.hub, "hub", "", "URL, name or address of the hub (default: look for it on the local network)")
	f.StringVar(&flags.name, "name", "", "name of the port's configuration and service (default: the user it is invited as)")
	f.StringVar(&flags.configDir, "config-dir", "/etc/talkgate", "directory of configurations")
	f.StringVar(&flags.stateDir, "state-dir", "/var/lib/talkgate", "directory of what services keep")
	f.BoolVar(&flags.noStart, "no-start", false, "do not enable and start the service")
	for _, a := range flags.wiring {
		a.value = "" // what is found
		a.addFlag(c, "", " (default: what is found)")
	}
	return c
}

func runJoin(cmd *cobra.Command, text string, flags *joinFlags) error {
	err := setup.Join(cmd.Context(), setup.JoinOptions{
		Invitation: text, Hub: flags.hub, NoStart: flags.noStart,
		Place:   board.Place{Name: flags.name, ConfigDir: flags.configDir, StateDir: flags.stateDir},
		Answers: wiring(flags.wiring), Hardware: drivers.Survey{},
		Tell: func(e setup.Event) {
			out := cmd.OutOrStdout()
			if e.Kind == "note" {
				out = cmd.ErrOrStderr()
			}
			fmt.Fprintln(out, e.Text)
		},
	})
	if errors.Is(err, setup.ErrInvitation) {
		return usageError{err}
	}
	return err
}

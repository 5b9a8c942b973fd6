package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/boards"
	"github.com/talkgate/talkgate/gateway/setup"
)

func newSetupCommand() *cobra.Command {
	var (
		a                         setup.Answers
		root                      string
		asJSON, yes, plan, undoIt bool
	)
	c := &cobra.Command{
		Use:   "setup",
		Short: "Make this board a port with a hub of its own, from the button to on air",
		Long: `Make this board a port on a channel of its own: look what is there, ask for what
matters, let the button be pressed and the microphone be tried, and set up Redis with
users of least rights, a hub with its own certificate authority, the port and the
services. What is to be changed is shown before it is done. A run that fails or is
interrupted takes back what it did; a second one changes what is not as it should be.

Redis comes from Debian (redis-server, or valkey-server): setup gives the site one of
its own beside it. Nothing is asked with --yes or --json: what no flag says is as
proposed. A further board joins a site that is there with 'talkgate join'.`,
		Example: `  sudo talkgate setup
  sudo talkgate setup --yes --user north --name "North gate" --channel gates --sound wm8960
  sudo talkgate setup --plan
  sudo talkgate setup --undo`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if root == "" && os.Geteuid() != 0 {
				return errors.New("setup changes this machine: run it as root (sudo talkgate setup)")
			}
			m, tell := setup.Local{Root: root}, teller(cmd.OutOrStdout(), asJSON)
			if undoIt {
				return setup.Undo(cmd.Context(), m, tell)
			}
			opt := setup.Options{Machine: m, Hardware: drivers.Survey{}, Drivers: drivers.New(strings.NewReader(""), io.Discard),
				Answers: a, Tell: tell, PlanOnly: plan}
			if !yes && !asJSON && !plan {
				opt.Dialog = setup.NewDialog(cmd.InOrStdin(), cmd.ErrOrStderr())
			}
			return setup.Run(cmd.Context(), opt)
		},
	}
	f := c.Flags()
	f.StringVar(&a.User, "user", "", "ID of the port, and of its service talkgate@ID (default: the machine's name)")
	f.StringVar(&a.Name, "name", "", "name shown to the others (default: the ID)")
	f.StringVar(&a.Channel, "channel", "", "ID of the channel (default: main)")
	f.StringVar(&a.Board, "board", "", "the board, or the label of its GPIO chip, none, or sim for a virtual radio: "+strings.Join(slices.Sorted(maps.Keys(boards.Chips())), ", ")+" (default: what is found)")
	f.StringVar(&a.Sound, "sound", "", "the sound card, or its ALSA ID, or usb:SOCKET: "+strings.Join(slices.Sorted(maps.Keys(boards.CardIDs())), ", ")+" (default: what is found)")
	f.StringVar(&a.PTT, "line", "", "line of the push-to-talk button, none, or 'input:DEVICE KEY' (default: the HAT's own button, or "+boards.Line("ptt")+")")
	f.StringVar(&a.Radio, "radio", "", "the USB radio interface that has squelch and PTT: aioc, cm108 or none (default: the card, if it is one)")
	f.StringVar(&a.Listen, "listen", "", "host:port of the hub (default: :8443)")
	f.StringVar(&a.Status, "status", "", "loopback address of the port's page (default: 127.0.0.1:9100)")
	f.IntVar(&a.RedisPort, "redis-port", 0, "port of the site's own Redis (default: 6380)")
	f.BoolVar(&a.Shared, "shared", false, "let further boards reach this one's Redis, for 'talkgate join'")
	f.BoolVar(&yes, "yes", false, "ask nothing")
	f.BoolVar(&asJSON, "json", false, "ask nothing, and print what happens as one JSON object a line")
	f.BoolVar(&plan, "plan", false, "show what would be changed, and change nothing")
	f.BoolVar(&undoIt, "undo", false, "take back all that setup changed")
	f.StringVar(&root, "root", "", "directory to set up in place of this machine, to try it out")
	c.MarkFlagsMutuallyExclusive("plan", "undo")
	return c
}

// teller prints what setup tells.
func teller(out io.Writer, asJSON bool) func(setup.Event) {
	return func(e setup.Event) {
		switch {
		case asJSON:
			_ = printJSON(out, e)
		case e.Findings != nil:
			_ = printFindings(out, e.Findings, false)
		default:
			_, _ = io.WriteString(out, e.String())
		}
	}
}

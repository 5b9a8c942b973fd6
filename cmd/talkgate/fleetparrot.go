package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

func newFleetParrotCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "parrot GATEWAY",
		Short: "Let a gateway send a tone to its server and back, and say how it comes",
		Long: `Let a gateway that runs send a tone through its encoder to its hub, which sends it back
to that gateway alone, and say how long it takes, how loud it is and what is lost. The
channel hears nothing of it, no transmitter is keyed, and a press talks all the while.
It takes five seconds. The delay is without the sound card's own, which
'talkgate doctor' tells.`,
		Example: `  talkgate fleet parrot north-gate
  talkgate fleet parrot north-gate --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), daemon.ParrotTime+daemon.AnswerTime)
			defer cancel()
			return d.open(cmd, func(state *redis.Client) error {
				a, err := state.Ask(ctx, args[0], fleet.Parrot)
				if err != nil {
					return err
				}
				if a.Error != "" {
					return errors.New(clean(a.Gateway) + ": " + clean(a.Error))
				}
				return d.print(cmd, a, func(w io.Writer) {
					e := a.Echo
					fmt.Fprintf(w, "%s: back after %.0f ms, %+.1f dB, %d of %d packets lost\n", clean(a.Gateway), e.Delay, e.Level, e.Sent-e.Heard, e.Sent)
				})
			})
		},
	}
	d.addFlags(c)
	return c
}

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/redis"
)

// rightsJSON are a user's talk rights.
type rightsJSON struct {
	UserID   string   `json:"userId"`
	Channels []string `json:"channels"`
	Banned   bool     `json:"banned"`
}

func newRightsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rights",
		Short: "Show and change who may talk on which channel",
		Long: `Show and change who may talk on which channel. What is taken away silences a
talk spurt at once. Redis is written, and everybody told, just as the control
plane does it; it may overrule this with its next change. What was changed, and
by whom, is in the audit log.`,
		RunE: help,
	}
	c.AddCommand(
		newRightsShowCommand(),
		newRightsChangeCommand("grant USER CHANNEL...", "Let a user talk on further channels", "  talkgate rights grant north-gate gates yard",
			(*redis.Client).GrantRights),
		newRightsChangeCommand("revoke USER CHANNEL...", "Take channels away from a user, at once", "  talkgate rights revoke north-gate yard",
			(*redis.Client).RevokeRights),
		newRightsChangeCommand("set USER [CHANNEL...]", "Make channels the user's whole list; none takes all away", "  talkgate rights set north-gate gates\n  talkgate rights set north-gate",
			(*redis.Client).SetRights),
	)
	return c
}

func newRightsShowCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "show USER...",
		Short:   "Show on which channels users may talk",
		Example: "  talkgate rights show north-gate\n  talkgate rights show north-gate south-gate --json",
		RunE: func(cmd *cobra.Command, users []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				return d.printRights(ctx, cmd, state, users)
			})
		},
	}
	d.addFlags(c)
	return c
}

type changeRights = func(c *redis.Client, ctx context.Context, userID string, channels ...string) ([]string, error)

func newRightsChangeCommand(use, short, example string, change changeRights) *cobra.Command {
	var (
		d     dispatch
		actor string
	)
	c := &cobra.Command{
		Use:     use,
		Short:   short,
		Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				if _, err := change(state.By(actor), ctx, args[0], args[1:]...); err != nil {
					return err
				}
				return d.printRights(ctx, cmd, state, args[:1])
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	return c
}

// printRights prints the stored rights of users, one JSON object a line.
func (d *dispatch) printRights(ctx context.Context, cmd *cobra.Command, state *redis.Client, users []string) error {
	all := make([]rightsJSON, len(users))
	for i, id := range users {
		r, err := state.ReadRights(ctx, id)
		if err != nil {
			return err
		}
		all[i] = rightsJSON{UserID: id, Channels: append([]string{}, r.Channels...), Banned: r.Banned}
		if d.asJSON {
			if err := printJSON(cmd.OutOrStdout(), all[i]); err != nil {
				return err
			}
		}
	}
	if d.asJSON {
		return nil
	}
	return d.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "USER\tCHANNEL\tMAY TALK")
		for _, r := range all {
			may := "yes"
			if r.Banned {
				may = "no: banned"
			}
			for _, ch := range r.Channels {
				fmt.Fprintf(w, "%s\t%s\t%s\n", clean(r.UserID), clean(ch), may)
			}
			if len(r.Channels) == 0 {
				fmt.Fprintf(w, "%s\t-\tno\n", clean(r.UserID))
			}
		}
	})
}

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/redis"
)

// banJSON is a ban; without an end it is for ever.
type banJSON struct {
	UserID    string     `json:"userId"`
	BannedBy  string     `json:"bannedBy"`
	BannedAt  *time.Time `json:"bannedAt"`
	ExpiresAt *time.Time `json:"expiresAt"`
	Reason    string     `json:"reason"`
}

func newBanCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "ban",
		Short: "Keep users from talking anywhere",
		RunE:  help,
	}
	c.AddCommand(newBanShowCommand(), newBanSetCommand(), newBanLiftCommand())
	return c
}

func newBanShowCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "show",
		Short:   "Show the bans in force",
		Example: "  talkgate ban show --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				bans, err := state.Bans(ctx)
				if err != nil {
					return err
				}
				return d.printBans(cmd, bans)
			})
		},
	}
	d.addFlags(c)
	return c
}

func newBanSetCommand() *cobra.Command {
	var (
		d             dispatch
		actor, reason string
		length        time.Duration
	)
	c := &cobra.Command{
		Use:   "set USER",
		Short: "Ban a user, at once",
		Long: `Ban a user, at once: a talk spurt ends, and no press is granted on any channel
until the ban ends or is lifted. A ban replaces the one before.`,
		Example: "  talkgate ban set north-gate --for 30m --reason stuck-key\n  talkgate ban set north-gate",
		RunE: func(cmd *cobra.Command, args []string) error {
			if length < 0 {
				return usageError{fmt.Errorf("--for: expected more than 0s, or 0s for ever, found %s", length)}
			}
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				b, err := state.BanUser(ctx, args[0], actor, reason, length)
				if err != nil {
					return err
				}
				return d.printBans(cmd, []redis.Ban{b})
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	c.Flags().DurationVar(&length, "for", 0, "how long (default: for ever)")
	c.Flags().StringVar(&reason, "reason", "", "why")
	return c
}

func newBanLiftCommand() *cobra.Command {
	var (
		d     dispatch
		actor string
	)
	c := &cobra.Command{
		Use:     "lift USER",
		Short:   "End a user's ban",
		Example: "  talkgate ban lift north-gate",
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				found, err := state.UnbanUser(ctx, args[0], actor)
				if err != nil {
					return err
				}
				if !found {
					return fmt.Errorf("user %q was not banned; 'talkgate ban show' lists who is", args[0])
				}
				return d.printRights(ctx, cmd, state, args)
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	return c
}

func (d *dispatch) printBans(cmd *cobra.Command, bans []redis.Ban) error {
	orNull := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	if d.asJSON {
		for _, b := range bans {
			j := banJSON{UserID: b.UserID, BannedBy: b.BannedBy, BannedAt: orNull(b.BannedAt), ExpiresAt: orNull(b.ExpiresAt), Reason: b.Reason}
			if err := printJSON(cmd.OutOrStdout(), j); err != nil {
				return err
			}
		}
		return nil
	}
	return d.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "USER\tUNTIL\tBY\tREASON")
		for _, b := range bans {
			until := "for ever"
			if !b.ExpiresAt.IsZero() {
				until = b.ExpiresAt.Local().Format(time.DateTime)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", clean(b.UserID), until, clean(b.BannedBy), clean(b.Reason))
		}
	})
}

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hubdevices "github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/devices"
)

func newDevicesCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "devices",
		Short: "Show the boards that are enrolled and invited, or revoke one",
		Long: `Show which boards are enrolled, which were revoked, and which are invited or wait for
approval.`,
		Example: "  talkgate devices\n  talkgate devices revoke north-gate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				store := devices.New(state)
				all, err := store.Devices(ctx)
				if err != nil {
					return err
				}
				invited, err := store.Invitations(ctx)
				if err != nil {
					return err
				}
				return d.printDevices(cmd, all, invited)
			})
		},
	}
	d.addFlags(c)
	c.AddCommand(
		changeDevice("revoke", "Take everything away from a board, at once",
			`Take everything away from a board, at once: its key gets no token any more, its
sessions with the hub end, it may talk on no channel, and its Redis user is gone.
The board can come back with a new invitation only.`, (*devices.Store).Revoke),
		changeDevice("forget", "Drop a revoked board from the list", "Drop a revoked board from the list.",
			func(s *devices.Store, ctx context.Context, user, _ string) error { return s.Forget(ctx, user) }),
	)
	return c
}

// changeDevice is a command that changes one device.
func changeDevice(word, short, long string, do func(s *devices.Store, ctx context.Context, user, by string) error) *cobra.Command {
	var (
		d     dispatch
		actor string
	)
	c := &cobra.Command{
		Use: word + " USER", Short: short, Long: long, Example: "  talkgate devices " + word + " north-gate",
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				store := devices.New(state)
				if err := do(store, ctx, args[0], actor); err != nil {
					return err
				}
				all, err := store.Devices(ctx)
				if err != nil {
					return err
				}
				return d.printDevices(cmd, all, nil)
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	return c
}

func (d *dispatch) printDevices(cmd *cobra.Command, all []devices.Device, invited []devices.Invitation) error {
	if d.asJSON {
		for _, v := range all {
			if err := printJSON(cmd.OutOrStdout(), hubdevices.ViewOf(v)); err != nil {
				return err
			}
		}
		return nil
	}
	return d.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "USER\tCHANNELS\tSTATE\tSINCE\tBY\tKEY")
		row := func(user string, channels []string, state string, at time.Time, by, key string) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", clean(user), clean(strings.Join(channels, " ")), state, at.Local().Format(time.DateTime), clean(by), key)
		}
		for _, v := range all {
			if v.Revoked() {
				row(v.UserID, v.Channels, "revoked", v.RevokedAt, v.RevokedBy, v.KeyID)
			} else {
				row(v.UserID, v.Channels, "enrolled", v.EnrolledAt, v.EnrolledBy, v.KeyID)
			}
		}
		for _, inv := range invited {
			state, key := "invited", ""
			if a := inv.Applicant; a != nil && inv.Verdict == "" {
				state, key = "waits for approval ("+clean(a.Host)+" at "+clean(a.Address)+")", a.KeyID
			}
			row(inv.UserID, inv.Channels, state, inv.At, inv.By, key)
		}
	})
}

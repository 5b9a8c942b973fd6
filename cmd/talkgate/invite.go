package main

import (
	"context"
	"fmt"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	hubdevices "github.com/talkgate/talkgate/gateway/hub/devices"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/devices"
)

// invitedJSON is an invitation, for scripts.
type invitedJSON struct {
	Code     string    `json:"code"`
	URI      string    `json:"uri"`
	UserID   string    `json:"userId"`
	Channels []string  `json:"channels"`
	Until    time.Time `json:"until"`
}

func newInviteCommand() *cobra.Command {
	var (
		d    dispatch
		inv  devices.Invitation
		life time.Duration
		noQR bool
	)
	c := &cobra.Command{
		Use:   "invite USER",
		Short: "Invite a board: print a code that lets it join",
		Long: `Make a short code, good once and for minutes, and print it with a QR code. On the
board 'talkgate join CODE' then receives all it needs: identity, channel, talk
rights, a Redis user of its own, the hub's certificate, a key for its tokens.

The board gets in at once. With --confirm somebody has to approve it by name:
'talkgate approve USER', or the console. After three wrong attempts the code is dead.`,
		Example: `  talkgate invite north-gate --channel gates
  talkgate invite north-gate --name North --channel gates --channel yard --confirm --for 1h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			inv.UserID = args[0]
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				store := devices.New(state)
				hub, running, err := store.RunningHub(ctx)
				if err != nil {
					return err
				}
				if !running {
					fmt.Fprintln(cmd.ErrOrStderr(), "No hub that takes the code runs on this Redis: start it before the board joins.")
				}
				stored, code, err := hubdevices.Invite(ctx, store, inv, life)
				if err != nil {
					return err
				}
				uri := code.URI(hub.URL)
				if d.asJSON {
					return printJSON(cmd.OutOrStdout(), invitedJSON{code.Secret(), uri, stored.UserID, stored.Channels, stored.Until})
				}
				out := cmd.OutOrStdout()
				fmt.Fprintf(out, "%s may join until %s. On the board:\n\n  talkgate join %s\n\n", stored.UserID, stored.Until.Local().Format(time.TimeOnly), code.Secret())
				if hub.URL != "" {
					fmt.Fprintf(out, "From another network: talkgate join %s --hub %s\n\n", code.Secret(), hub.URL)
				}
				if noQR {
					return nil
				}
				qr, err := qrcode.New(uri, qrcode.Low)
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(out, qr.ToSmallString(false))
				return err
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &inv.By)
	f := c.Flags()
	f.StringSliceVar(&inv.Channels, "channel", nil, "channel the board may talk on; the first is its own; may be repeated (required)")
	f.StringVar(&inv.UserName, "name", "", "name shown to the others (default: USER)")
	f.StringVar(&inv.Role, "role", "GENERAL", "role: USER, GENERAL, or DISPATCH for a board with an emergency button")
	f.DurationVar(&life, "for", 10*time.Minute, "how long the code is good")
	f.BoolVar(&inv.Confirm, "confirm", false, "have somebody approve the board that uses the code")
	f.BoolVar(&inv.Replace, "replace", false, "let the board take the place of one that is enrolled as USER")
	f.BoolVar(&noQR, "no-qr", false, "print no QR code")
	_ = c.MarkFlagRequired("channel") // it exists
	return c
}

func newApproveCommand() *cobra.Command {
	var (
		d     dispatch
		actor string
		deny  bool
	)
	c := &cobra.Command{
		Use:     "approve USER",
		Short:   "Let a board join that waits for it",
		Long:    "Let the board join that has used USER's code and waits for somebody's approval, or turn it away.",
		Example: "  talkgate approve north-gate\n  talkgate approve north-gate --deny",
		RunE: func(cmd *cobra.Command, args []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				verdict := devices.Approved
				if deny {
					verdict = devices.Denied
				}
				inv, err := devices.New(state).Decide(ctx, args[0], verdict, actor)
				if err != nil {
					return err
				}
				if d.asJSON {
					return printJSON(cmd.OutOrStdout(), inv.Applicant)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s as %s: host %s at %s, key %s\n", verdict, inv.UserID, clean(inv.Applicant.Host), inv.Applicant.Address, inv.Applicant.KeyID)
				return err
			})
		},
	}
	d.addFlags(c)
	addActorFlag(c, &actor)
	c.Flags().BoolVar(&deny, "deny", false, "turn it away")
	return c
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/redis"
)

func newFleetForgetCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "forget GATEWAY...",
		Short: "Forget gateways that are gone for good",
		Long: `Forget gateways that are gone for good: they are no longer listed as gone, nor
alerted. Those that still report are not forgotten. What documents say of them stays;
'{}' in a fleet's file takes that away.`,
		Example: "  talkgate fleet forget old-gate",
		RunE: func(cmd *cobra.Command, gateways []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				return forgetGateways(ctx, state, gateways)
			})
		},
	}
	addRedisFlags(c, &d.redis)
	return c
}

// forgetGateways forgets all of them, or with an error none.
func forgetGateways(ctx context.Context, state *redis.Client, gateways []string) error {
	for _, id := range gateways {
		seen, err := state.ReadReports(ctx, id)
		switch {
		case err != nil:
			return err
		case len(seen) == 0:
			return fmt.Errorf("gateway %q has never reported; 'talkgate fleet status' lists those that are gone", id)
		case seen[0].Live:
			return fmt.Errorf("gateway %q still reports, and would be known again at once: stop it first", id)
		}
	}
	for _, id := range gateways {
		if _, err := state.ForgetReport(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/fleet/operator"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// fleetStatus is how a fleet stands, to be printed.
type fleetStatus struct{ operator.Progress }

// whyUnwell is what is wrong with a gateway.
func whyUnwell(u operator.Unwell) string {
	var all []string
	if u.Live && !u.OnAir && u.Summary != "" {
		all = append(all, u.Summary)
	}
	if u.Applied.Error != "" {
		all = append(all, u.Applied.Error)
	}
	if u.Token.Ends(u.SeenAt) {
		all = append(all, "its token ends at "+u.Token.Until.Local().Format(time.DateTime)+", and nothing renews it")
	}
	return strings.Join(all, "; ")
}

func newFleetStatusCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show how far the newest apply has come, and which gateways are not well",
		Example: "  talkgate fleet status --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				p, err := operator.ReadProgress(ctx, state, 0)
				if err != nil {
					return err
				}
				return d.print(cmd, p, fleetStatus{p}.write)
			})
		},
	}
	d.addFlags(c)
	return c
}

func newFleetWatchCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "watch",
		Short:   "Follow how far the newest apply has come, until Ctrl-C",
		Example: "  talkgate fleet watch --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.open(cmd, func(state *redis.Client) error { return d.followFleet(cmd, state, 0, false) })
		},
	}
	d.addFlags(c)
	return c
}

// watchPeriod is how often a fleet is looked at.
const watchPeriod = time.Second

// followFleet prints how an apply goes whenever that changes; version 0 is the
// newest. untilDone ends it when all live gateways have it, or with an error when
// it was halted.
func (d *dispatch) followFleet(cmd *cobra.Command, state *redis.Client, version uint64, untilDone bool) error {
	look := time.NewTicker(watchPeriod)
	defer look.Stop()
	for said := ""; ; {
		ctx, cancel := context.WithTimeout(cmd.Context(), dispatchTimeout)
		p, err := operator.ReadProgress(ctx, state, version)
		s := fleetStatus{p}
		cancel()
		switch line := s.line(); {
		case cmd.Context().Err() != nil:
			return nil
		case err != nil:
			fmt.Fprintln(cmd.ErrOrStderr(), err)
		case line != said:
			said = line
			if err := d.print(cmd, p, func(w io.Writer) { fmt.Fprintln(w, line) }); err != nil {
				return err
			}
		}
		if err == nil && untilDone {
			switch {
			case s.Rollout != nil && s.Rollout.State == fleet.Halted:
				return fmt.Errorf("version %d was halted: %s", s.Version, clean(s.Rollout.Why))
			case (s.Rollout == nil || s.Rollout.State == fleet.Open) && s.Gateways.Applied+s.Gateways.Failed == s.Gateways.Covered:
				if s.Gateways.Failed > 0 {
					return fmt.Errorf("version %d: %d of %d gateways do not have it; see 'talkgate fleet status'", s.Version, s.Gateways.Failed, s.Gateways.Covered)
				}
				return nil
			}
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-look.C:
		}
	}
}

// line is how the apply stands, in words.
func (s fleetStatus) line() string {
	if s.Version == 0 {
		return "nothing was ever applied"
	}
	n := s.Gateways
	words := []string{fmt.Sprintf("version %d: %d of %d live gateways have it", s.Version, n.Applied, n.Covered)}
	if n.Failed > 0 {
		words = append(words, fmt.Sprint(n.Failed, " do not take it"))
	}
	if r := s.Rollout; r != nil {
		words = append(words, fmt.Sprintf("%s, %d of %d canaries passed", r.State, r.Passed, r.Canaries))
		if r.Why != "" {
			words = append(words, clean(r.Why))
		}
	}
	return strings.Join(words, "; ")
}

func (s fleetStatus) write(w io.Writer) {
	fmt.Fprintln(w, s.line())
	fmt.Fprintf(w, "%d gateways known, %d live\n", s.Gateways.Known, s.Gateways.Live)
	if len(s.Unwell) == 0 {
		return
	}
	fmt.Fprintln(w, "\nGATEWAY\tGROUP\tSEEN\tVERSION\tRESULT\tTALKGATE\tWHY")
	for _, u := range s.Unwell {
		seen := "live"
		if !u.Live {
			seen = u.SeenAt.Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", clean(u.Gateway), clean(u.Group), seen, u.Applied.Version, u.Applied.Result, clean(u.Running), clean(whyUnwell(u)))
	}
}

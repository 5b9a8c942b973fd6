package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// fleetJSON is how a fleet stands.
type fleetJSON struct {
	// Version is that of the newest apply, Rollout how its rollout stands; null
	// is none.
	Version uint64              `json:"version"`
	Rollout *redis.FleetRollout `json:"rollout"`
	// Gateways counts those that the newest apply is for, and live: how many
	// have it, are about to, or took it back or refused it.
	Gateways struct {
		Known   int `json:"known"`
		Live    int `json:"live"`
		Covered int `json:"covered"`
		Applied int `json:"applied"`
		Pending int `json:"pending"`
		Failed  int `json:"failed"`
	} `json:"gateways"`
	// Unwell are those that refused or took back what they were told, those that are
	// not on air, and those that are not heard.
	Unwell []unwellJSON `json:"unwell"`
}

type unwellJSON struct {
	Gateway  string        `json:"gateway"`
	Group    string        `json:"group,omitempty"`
	Live     bool          `json:"live"`
	SeenAt   time.Time     `json:"seenAt"`
	OnAir    bool          `json:"onAir"`
	Standing string        `json:"standing"` // in words
	Applied  fleet.Applied `json:"applied"`
	Running  string        `json:"talkgate"` // its version of talkgate
}

// why is what is wrong with it.
func (u unwellJSON) why() string {
	var all []string
	if u.Live && !u.OnAir && u.Standing != "" {
		all = append(all, u.Standing)
	}
	if u.Applied.Error != "" {
		all = append(all, u.Applied.Error)
	}
	return strings.Join(all, "; ")
}

func newFleetStatusCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show how far the newest apply has come, and which gateways are not well",
		Example: "  talkgate fleet status --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				s, err := readFleetStatus(ctx, state, 0)
				if err != nil {
					return err
				}
				return d.print(cmd, s, s.write)
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
		Args:    cobra.NoArgs,
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
		s, err := readFleetStatus(ctx, state, version)
		cancel()
		switch line := s.line(); {
		case cmd.Context().Err() != nil:
			return nil
		case err != nil:
			fmt.Fprintln(cmd.ErrOrStderr(), err)
		case line != said:
			said = line
			if err := d.print(cmd, s, func(w io.Writer) { fmt.Fprintln(w, line) }); err != nil {
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

func readFleetStatus(ctx context.Context, state *redis.Client, version uint64) (fleetJSON, error) {
	s := fleetJSON{Unwell: []unwellJSON{}}
	applies, err := state.FleetHistory(ctx, 100)
	if err != nil {
		return s, err
	}
	gateways, err := state.Reports(ctx)
	if err != nil {
		return s, err
	}
	var scopes []fleet.Scope
	i := slices.IndexFunc(applies, func(a redis.FleetApply) bool { return version == 0 || a.Version == version })
	if i < 0 && version != 0 {
		return s, errors.New("that version is no longer in the history")
	}
	if i >= 0 {
		scopes, s.Version = applies[i].Scopes, applies[i].Version
		if applies[i].Rollout != nil {
			r, err := state.ReadRollout(ctx, s.Version)
			if err != nil {
				return s, err
			}
			s.Rollout = &r
		}
	}
	s.count(gateways, scopes)
	return s, nil
}

func (s *fleetJSON) count(gateways []fleet.Sighting, scopes []fleet.Scope) {
	n := &s.Gateways
	n.Known = len(gateways)
	for _, g := range gateways {
		a := g.Report.Applied
		bad := a.Result == fleet.ResultRefused || a.Result == fleet.ResultRolledBack
		if g.Live {
			n.Live++
		}
		h := g.Report.Health
		if bad || !g.Live || !h.OnAir || g.Err != nil {
			s.Unwell = append(s.Unwell, unwellJSON{g.Gateway, g.Report.Group, g.Live, g.SeenAt, g.Live && h.OnAir, h.Standing, a, g.Report.Version})
		}
	}
	for _, g := range covered(gateways, scopes) {
		n.Covered++
		switch a := g.Report.Applied; {
		case a.Result == fleet.ResultRefused, a.Result == fleet.ResultRolledBack:
			n.Failed++
		case a.Version >= s.Version && a.Result == fleet.ResultApplied:
			n.Applied++
		default:
			n.Pending++
		}
	}
}

// line is how the apply stands, in words.
func (s fleetJSON) line() string {
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

func (s fleetJSON) write(w io.Writer) {
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", clean(u.Gateway), clean(u.Group), seen, u.Applied.Version, u.Applied.Result, clean(u.Running), clean(u.why()))
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/fleet/operator"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

func newFleetDiffCommand() *cobra.Command {
	var (
		d    dispatch
		file fleetFile
	)
	c := &cobra.Command{
		Use:     "diff",
		Short:   "Show what an apply would change, and which keys restart a port",
		Example: "  talkgate fleet diff -f fleet.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			layers, err := file.read(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				p, err := operator.Compare(ctx, state, layers)
				if err != nil {
					return err
				}
				changes := p.Changes()
				return d.print(cmd, applyJSON{Scopes: changes}, func(w io.Writer) {
					if len(changes) == 0 {
						fmt.Fprintln(w, "nothing to change")
						return
					}
					writeChanges(w, changes)
				})
			})
		},
	}
	file.addFlags(c)
	d.addFlags(c)
	return c
}

// documentJSON is a stored document.
type documentJSON struct {
	fleet.Document
	SignedWith string      `json:"signedWith"`
	State      fleet.State `json:"state,omitempty"`
}

func newFleetGetCommand() *cobra.Command {
	var d dispatch
	c := &cobra.Command{
		Use:   "get [SCOPE...]",
		Short: "Print what gateways are told, as a fleet's file",
		Long: `Print what gateways are told, as a fleet's file: everything, or some scopes
(defaults, group/NAME, gateway/ID). With --json each document is one line, with who
made it when and why, and with which key it says it is signed.`,
		Example: "  talkgate fleet get > fleet.yaml\n  talkgate fleet get group/gates gateway/north-gate --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if _, err := fleet.ParseScope(arg); err != nil {
					return usageError{err}
				}
			}
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				stored, err := state.ReadWholeFleet(ctx)
				if err != nil {
					return err
				}
				return d.printDocuments(cmd, stored, args)
			})
		},
	}
	d.addFlags(c)
	return c
}

func (d *dispatch) printDocuments(cmd *cobra.Command, stored map[fleet.Scope]fleet.Stored, wanted []string) error {
	layers := map[fleet.Scope]fleet.Settings{}
	for _, scope := range slices.Sorted(maps.Keys(stored)) {
		if len(wanted) > 0 && !slices.Contains(wanted, string(scope)) {
			continue
		}
		doc, key, err := stored[scope].Newest.Peek()
		if err != nil {
			return fmt.Errorf("%s: %w", clean(string(scope)), err)
		}
		layers[scope] = doc.Settings
		if d.asJSON {
			if err := printJSON(cmd.OutOrStdout(), documentJSON{Document: doc, SignedWith: key, State: stored[scope].State}); err != nil {
				return err
			}
		}
	}
	for _, scope := range wanted {
		if _, ok := layers[fleet.Scope(scope)]; !ok {
			return fmt.Errorf("%s is told nothing", scope)
		}
	}
	if d.asJSON {
		return nil
	}
	text, err := config.FleetYAML(layers)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), text)
	return err
}

func newFleetHistoryCommand() *cobra.Command {
	var d dispatch
	var limit int
	c := &cobra.Command{
		Use:     "history",
		Short:   "Show who changed what, when and why",
		Example: "  talkgate fleet history --limit 5",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(cmd, func(ctx context.Context, state *redis.Client) error {
				applies, err := state.FleetHistory(ctx, limit)
				if err != nil {
					return err
				}
				all := make([]historyJSON, len(applies))
				for i, a := range applies {
					all[i] = historyJSON{Apply: a}
					if a.Rollout != nil {
						r, err := state.ReadRollout(ctx, a.Version)
						if err != nil {
							return err
						}
						all[i].State, all[i].Why = r.State, r.Why
					}
				}
				return d.print(cmd, all, func(w io.Writer) {
					fmt.Fprintln(w, "VERSION\tWHEN\tWHO\tSCOPES\tROLLOUT\tWHY")
					for _, a := range all {
						fmt.Fprintln(w, a.row())
					}
				})
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many, the newest first")
	d.addFlags(c)
	return c
}

// historyJSON is an apply with how its rollout stands.
type historyJSON struct {
	fleetstore.Apply
	State fleet.State `json:"state,omitempty"`
	Why   string      `json:"halted,omitempty"`
}

func (a historyJSON) row() string {
	scopes := clean(string(a.Scopes[0]))
	if n := len(a.Scopes); n > 1 {
		scopes += " and " + strconv.Itoa(n-1) + " more"
	}
	reason := a.Reason
	if a.Undoes != 0 {
		reason = fmt.Sprintf("takes %d back; %s", a.Undoes, reason)
	}
	if a.Why != "" {
		reason += " (" + a.Why + ")"
	}
	state := string(a.State)
	if a.Rollout == nil {
		state = "all at once"
	}
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s", a.Version, a.Time.Local().Format(time.DateTime), clean(a.Author), scopes, state, clean(reason))
}

func newFleetRollbackCommand() *cobra.Command {
	var (
		d      dispatch
		s      signer
		k      canaries
		dryRun bool
	)
	c := &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "Take the last apply back, or all from a version on",
		Long: `Take the last apply back, or all from a version on: the scopes they changed are
told again what counted before. That is a new version, as gateways obey no older one.
What is being tried ends.`,
		Example: "  talkgate fleet rollback\n  talkgate fleet rollback 1764082800 --canary 5% --hold 1m",
		RunE: func(cmd *cobra.Command, args []string) error {
			var from uint64
			if len(args) == 1 {
				var err error
				if from, err = strconv.ParseUint(args[0], 10, 64); err != nil {
					return usageError{fmt.Errorf("expected a version as 'talkgate fleet history' has it, found %q", args[0])}
				}
			}
			key, err := s.key()
			if err != nil {
				return err
			}
			w := fleetWish{signature: s.signature(key), canaries: k, dryRun: dryRun, force: true}
			err = d.run(cmd, func(ctx context.Context, state *redis.Client) (err error) {
				w.layers, w.undoes, err = operator.Before(ctx, state, from, key.Public())
				return err
			})
			if err != nil {
				return err
			}
			return d.applyFleet(cmd, w)
		},
	}
	s.addFlags(c)
	k.addFlags(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, and change nothing")
	d.addFlags(c)
	return c
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/fleet/operator"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// canaries is how an apply is rolled out.
type canaries struct {
	share string
	hold  time.Duration
	wait  bool
}

func (k *canaries) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&k.share, "canary", "", `share of the gateways on air that try it first, such as "5%" (default: all at once)`)
	c.Flags().DurationVar(&k.hold, "hold", 10*time.Minute, "how long each of them has to keep link and Redis before the others follow")
	c.Flags().BoolVar(&k.wait, "wait", false, "wait until every live gateway has it, or a canary failed; what is rolled out goes on without")
}

// rollout chooses the canaries among the gateways that an apply is for and that are
// on air: of another nothing can be learnt. nil is none.
func (k *canaries) rollout(gateways []fleet.Sighting, scopes []fleet.Scope) (*fleet.Rollout, error) {
	if k.share == "" {
		return nil, nil
	}
	number, ok := strings.CutSuffix(k.share, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return nil, usageError{fmt.Errorf("--canary: expected a share such as 5%%, found %q", k.share)}
	}
	var ids []string
	for _, g := range operator.Covered(gateways, scopes) {
		if g.Report.Health.OnAir {
			ids = append(ids, g.Gateway)
		}
	}
	return fleet.Canaries(ids, percent, k.hold)
}

// applyJSON is what an apply changes; without a version it was not done.
type applyJSON struct {
	Version uint64            `json:"version,omitempty"`
	Scopes  []operator.Change `json:"scopes"`
	Rollout *fleet.Rollout    `json:"rollout,omitempty"`
}

func newFleetApplyCommand() *cobra.Command {
	var (
		d             dispatch
		s             signer
		k             canaries
		file          fleetFile
		dryRun, force bool
	)
	c := &cobra.Command{
		Use:   "apply",
		Short: "Tell gateways what they are to be",
		Long: `Tell gateways what they are to be: sign what a fleet's file says and store what
of it changed, all or none. Scopes that the file does not name stay as they are. If
nothing changed, nothing is done.

With --canary some gateways try it first. Each has to keep link and Redis for the
hold; with the last that does, all others follow, with the first that does not, all
go back. The gateways see to that themselves: this command may end meanwhile.

If somebody else changes the same meanwhile, nothing is applied, and exit code 1
says so.`,
		Example: `  talkgate fleet apply -f fleet.yaml --dry-run
  talkgate fleet apply -f fleet.yaml --canary 5% --hold 10m --reason louder
  talkgate fleet apply -f fleet.yaml --group gates --wait --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			layers, err := file.read(cmd.InOrStdin())
			if err != nil {
				return err
			}
			var key fleet.PrivateKey
			if !dryRun {
				if key, err = s.key(); err != nil {
					return err
				}
			}
			return d.applyFleet(cmd, fleetWish{layers: layers, signature: s.signature(key), canaries: k, dryRun: dryRun, force: force})
		},
	}
	file.addFlags(c)
	s.addFlags(c)
	k.addFlags(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, and change nothing")
	c.Flags().BoolVar(&force, "force", false, "replace what is still being tried, and try again what was halted or did not change")
	d.addFlags(c)
	return c
}

// fleetWish is what an operator wants.
type fleetWish struct {
	layers        map[fleet.Scope]fleet.Settings
	signature     operator.Signature
	canaries      canaries
	undoes        uint64
	dryRun, force bool
}

// applyFleet does what is wanted, and shows it.
func (d *dispatch) applyFleet(cmd *cobra.Command, w fleetWish) error {
	var done applyJSON
	err := d.run(cmd, func(ctx context.Context, state *redis.Client) error {
		plan, err := operator.NewPlan(ctx, state, w.layers, w.force)
		if err != nil {
			return err
		}
		gateways, err := state.Reports(ctx)
		if err != nil {
			return err
		}
		if err := plan.Check(gateways); err != nil {
			return err
		}
		done.Scopes = plan.Changes()
		if len(plan.Scopes) == 0 {
			return nil
		}
		if done.Rollout, err = w.canaries.rollout(gateways, plan.Scopes); err != nil || w.dryRun {
			return err
		}
		applied, err := plan.Apply(ctx, state, w.signature, done.Rollout, w.undoes)
		done.Version = applied.Version
		return err
	})
	if err != nil {
		return err
	}
	if err := d.print(cmd, done, func(out io.Writer) { done.write(out, w.dryRun) }); err != nil || done.Version == 0 || !w.canaries.wait {
		return err
	}
	return d.open(cmd, func(state *redis.Client) error {
		return d.followFleet(cmd, state, done.Version, true)
	})
}

func (a applyJSON) write(w io.Writer, dryRun bool) {
	if len(a.Scopes) == 0 {
		fmt.Fprintln(w, "nothing to change")
		return
	}
	writeChanges(w, a.Scopes)
	switch {
	case dryRun:
		fmt.Fprintln(w, "nothing was changed: --dry-run")
	case a.Rollout != nil:
		fmt.Fprintf(w, "version %d is tried by %d gateways for %v, then open to all; see 'talkgate fleet watch'\n", a.Version, a.Rollout.Canaries, a.Rollout.Hold())
	default:
		fmt.Fprintf(w, "version %d is for all at once; see 'talkgate fleet watch'\n", a.Version)
	}
}

func writeChanges(w io.Writer, scopes []operator.Change) {
	word := func(v any) string {
		if v == nil {
			return "-"
		}
		return clean(fmt.Sprint(v))
	}
	fmt.Fprintln(w, "SCOPE\tKEY\tWAS\tBECOMES\tHOW")
	for _, s := range scopes {
		for _, c := range s.Changes {
			how := "restarts the port"
			if c.Live {
				how = "live"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", clean(string(s.Scope)), c.Key, word(c.Old), word(c.New), how)
		}
		if len(s.Changes) == 0 {
			fmt.Fprintf(w, "%s\t(as it was)\t\t\t\n", clean(string(s.Scope)))
		}
	}
}

// fleetFile is the file that says what gateways are to be.
type fleetFile struct{ path, group string }

func (f *fleetFile) addFlags(c *cobra.Command) {
	c.Flags().StringVarP(&f.path, "file", "f", "", `what gateways are to be; "-" is standard input (required)`)
	_ = c.MarkFlagRequired("file") // it exists
	c.Flags().StringVar(&f.group, "group", "", "only what the file says for this group")
}

func (f *fleetFile) read(stdin io.Reader) (map[fleet.Scope]fleet.Settings, error) {
	text, err := readFileOr(stdin, f.path)
	if err != nil {
		return nil, err
	}
	layers, err := config.ParseFleet(f.path, text)
	if err != nil || f.group == "" {
		return layers, err
	}
	of, ok := layers[fleet.Group(f.group)]
	if !ok {
		return nil, config.Mistake{Err: errors.New(f.path + ": groups: expected group " + strconv.Quote(f.group) + ", found no such key")}
	}
	return map[fleet.Scope]fleet.Settings{fleet.Group(f.group): of}, nil
}

// Package usage checks command lines against the usage of their commands.
package usage

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/talkgate/talkgate/gateway/config"
)

// wantArgs checks the arguments of a command against its usage line, such as
// "set EVENT CHANNEL..." or "rollback [VERSION]", and names the one that is missing.
func wantArgs(cmd *cobra.Command, args []string) error {
	names := strings.Fields(cmd.Use)[1:]
	if len(names) == 0 && len(args) > 0 {
		if !cmd.HasAvailableSubCommands() {
			return fmt.Errorf("expected no argument, found %q", args[0])
		}
		var known []string
		for _, c := range cmd.Commands() {
			known = append(known, c.Name())
		}
		return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), config.DidYouMean(args[0], known))
	}
	if len(args) < len(names) && !strings.HasPrefix(names[len(args)], "[") {
		return fmt.Errorf("expected %s, found nothing", strings.TrimSuffix(names[len(args)], "..."))
	}
	if len(names) > 0 && len(args) > len(names) && !strings.Contains(names[len(names)-1], "...") {
		return fmt.Errorf("expected no more than %s, found %q, too", strings.Join(names, " "), args[len(names)])
	}
	return nil
}

// Check has root and every command below it check its arguments, and suggest a command or
// a flag for one that is misspelt.
func Check(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	check(root)
}

func check(c *cobra.Command) {
	c.Args = wantArgs
	if !c.Runnable() { // without this, cobra takes any arguments for a question for help
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	c.SetFlagErrorFunc(suggestFlag)
	for _, sub := range c.Commands() {
		check(sub)
	}
}

func suggestFlag(cmd *cobra.Command, err error) error {
	wrong, isUnknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !isUnknown {
		return err
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	return fmt.Errorf("%w%s", err, config.DidYouMean(wrong, known))
}

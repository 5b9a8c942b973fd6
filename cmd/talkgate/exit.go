package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/usage"
	"github.com/talkgate/talkgate/gateway/config"
)

// Exit codes, as the root's help has them.
const (
	exitOK     = 0
	exitFailed = 1 // it was tried
	exitUsage  = 2 // the command line is wrong
	exitConfig = 3 // the configuration is wrong: trying again is of no use
)

// ranError is an error of a command, as against one of its command line.
type ranError struct{ error }

func (e ranError) Unwrap() error { return e.error }

// usageError is an error of a command line that only the command itself finds.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// markRan makes every command below c tell its errors from those of its
// command line.
func markRan(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if err := run(cmd, args); err != nil {
				return ranError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		markRan(sub)
	}
}

// execute runs the command line, says on stderr what went wrong, and returns
// the exit code.
func execute(ctx context.Context, root *cobra.Command, stderr io.Writer) int {
	usage.Check(root)
	markRan(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	_, ran := errors.AsType[ranError](err)
	if _, isUsage := errors.AsType[usageError](err); isUsage || !ran {
		fmt.Fprintf(stderr, "%v\nSee '%s --help'.\n", err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintln(stderr, err)
	_, isConfig := errors.AsType[config.Mistake](err)
	if _, isFile := errors.AsType[*config.Error](err); isFile || isConfig {
		return exitConfig
	}
	return exitFailed
}

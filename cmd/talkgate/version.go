package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/build"
)

func newVersionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print what this binary was built from",
		Example: "  talkgate version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("version: built without module support; build with 'make build'")
			}
			return printVersion(cmd.OutOrStdout(), build.Of(info), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func printVersion(w io.Writer, v build.Info, asJSON bool) error {
	if asJSON {
		return printJSON(w, v)
	}
	_, err := fmt.Fprintf(w, "talkgate %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	return err
}

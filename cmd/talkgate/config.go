package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
)

func newConfigCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Write and check a port's configuration",
		RunE:  help,
	}
	c.AddCommand(newConfigCheckCommand(), newConfigSchemaCommand(), newConfigExampleCommand())
	return c
}

func newConfigCheckCommand() *cobra.Command {
	var files bool
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Say everything that is wrong with a configuration",
		Long: `Say everything that is wrong with a configuration, one mistake a line, each with
file, line, key, what was expected and what was found. "-" is standard input.
The files it names may exist only on the machine it is for; there --files opens them,
as 'talkgate doctor' and 'talkgate run' do. Exits 3 when there is a mistake.`,
		Example: `  talkgate config check --files /etc/talkgate/north-gate.yaml
  talkgate config example | talkgate config check -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFileOr(cmd.InOrStdin(), args[0])
			if err != nil {
				return config.Mistake{Err: err}
			}
			local, err := config.ParseLocal(args[0], text)
			if err == nil && files {
				local, err = config.LoadLocal(args[0], os.Getenv("CREDENTIALS_DIRECTORY"))
			}
			if err != nil {
				return err
			}
			if files {
				if err := daemon.FindingsError(daemon.CheckFiles(local.Config)); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", args[0])
			return err
		},
	}
	c.Flags().BoolVar(&files, "files", false, "open the files and directories it names, too")
	return c
}

func newConfigSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the configuration's JSON Schema, for editors",
		Example: `  talkgate config schema > talkgate.schema.json
  # then, as the first line of port.yaml:
  # yaml-language-server: $schema=talkgate.schema.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", schema)
			return err
		},
	}
}

func newConfigExampleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "example",
		Short:   "Print a commented configuration to start from",
		Example: "  talkgate config example > port.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			example, err := config.Example()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), example)
			return err
		},
	}
}

// readFileOr reads the file at path; "-" is stdin.
func readFileOr(stdin io.Reader, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

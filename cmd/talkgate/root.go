package main

import "github.com/spf13/cobra"

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "talkgate",
		Short: "Put a radio on a WebRTC push-to-talk channel",
		Long: `talkgate puts a physical radio, or a bare button with a speaker and a
microphone, on a WebRTC push-to-talk channel. One process is one port: one radio
on one channel. The right to talk lives in Redis, shared with every other member
of the channel, and can be taken away at any instant.

Exit codes:
  0  done
  1  failed; a log line or the last line says why
  2  the command line is wrong
  3  the configuration is wrong; trying again is of no use`,
		Example: `  talkgate config example > port.yaml
  talkgate config check port.yaml
  talkgate run --config port.yaml`,
		RunE:          help,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newSetupCommand(),
		newInitCommand(),
		newRunCommand(),
		newHubCommand(),
		newGuardCommand(),
		newDoctorCommand(),
		newInputsCommand(),
		newRecordCommand(),
		newReplayCommand(),
		newTokenCommand(),
		newInviteCommand(),
		newJoinCommand(),
		newApproveCommand(),
		newDevicesCommand(),
		newRightsCommand(),
		newFloorCommand(),
		newEventCommand(),
		newBanCommand(),
		newFleetCommand(),
		newConfigCommand(),
		newVersionCommand(),
	)
	return root
}

// help is what a command does that only has subcommands.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

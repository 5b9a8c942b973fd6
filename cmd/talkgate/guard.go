package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/cmd/talkgate/drivers"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/gateway/guard"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/media/rtc"
)

// guardFlags are what 'talkgate guard' is told.
type guardFlags struct {
	livekit string
	key     config.File
	redis   config.Redis
	log     config.Log
	grants  bool
}

func newGuardCommand() *cobra.Command {
	var flags guardFlags
	c := &cobra.Command{
		Use:   "guard",
		Short: "Keep LiveKit's rooms to the floor and the talk rights in Redis",
		Long: `Guard the rooms of a LiveKit: stop members who send without the floor, and take
the permissions to publish and to listen from members without talk rights, until
these are given back. Any number of guards may run at once. See docs/livekit.md.`,
		Example: `  talkgate guard --livekit wss://livekit.example --livekit-key-file livekit.key
  talkgate guard --livekit ws://127.0.0.1:7880 --livekit-key-file livekit.key --redis rediss://redis.example:6380/0`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGuard(cmd, flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.livekit, "livekit", "ws://127.0.0.1:7880", "URL of LiveKit's server")
	f.StringVar((*string)(&flags.key), "livekit-key-file", "", "file with the line 'KEY: SECRET', as in livekit-server's key file (required)")
	_ = c.MarkFlagRequired("livekit-key-file") // it exists
	f.BoolVar(&flags.grants, "grant", false, "give members with talk rights the permission to publish, which their tokens leave out")
	addRedisFlags(c, &flags.redis)
	addLogFlags(c, &flags.log)
	return c
}

func runGuard(cmd *cobra.Command, flags guardFlags) (err error) {
	log, _, err := openLog(cmd, flags.log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	key := func() (room.Key, error) { return drivers.ReadLiveKitKey("--livekit-key-file", flags.key) }
	if _, err := key(); err != nil {
		return err
	}
	state, err := options.OpenRedis(flags.redis, log)
	if err != nil {
		return err
	}
	defer closing(&err, state.Close)
	engine, err := rtc.NewEngine(rtc.Config{Logger: log})
	if err != nil {
		return err
	}
	g, err := guard.New(guard.Config{Server: flags.livekit, Key: key, State: state, Engine: engine, Grants: flags.grants, Logger: log})
	if err != nil {
		return config.Mistake{Err: fmt.Errorf("--livekit: %w", err)}
	}
	return daemon.ServeGuard(cmd.Context(), g, log)
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/guard"
	"github.com/talkgate/talkgate/media/rtc"
)

// guardFlags are what 'talkgate guard' is told.
type guardFlags struct {
	livekit string
	key     config.File
	redis   config.Redis
	log     config.Log
}

func newGuardCommand() *cobra.Command {
	var flags guardFlags
	c := &cobra.Command{
		Use:   "guard",
		Short: "Keep LiveKit's rooms to the floor and the talk rights in Redis",
		Long: `Guard the rooms of a LiveKit: mute who sends without the floor, and take the
permission to publish from who has no talk rights, until these are given back.
Any number of guards may run at once. See docs/livekit.md.`,
		Example: `  talkgate guard --livekit wss://livekit.example --livekit-key-file livekit.key
  talkgate guard --livekit ws://127.0.0.1:7880 --livekit-key-file livekit.key --redis rediss://redis.example:6380/0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGuard(cmd, flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.livekit, "livekit", "ws://127.0.0.1:7880", "URL of LiveKit's server")
	f.StringVar((*string)(&flags.key), "livekit-key-file", "", "file with the line 'KEY: SECRET', as in livekit-server's key file (required)")
	_ = c.MarkFlagRequired("livekit-key-file") // it exists
	addRedisFlags(c, &flags.redis)
	addLogFlags(c, &flags.log)
	return c
}

func runGuard(cmd *cobra.Command, flags guardFlags) (err error) {
	log, _, err := openLog(cmd, flags.log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	manager, err := newService(log)
	if err != nil {
		return err
	}
	key, err := readLiveKitKey("--livekit-key-file", flags.key)
	if err != nil {
		return err
	}
	state, err := openRedis(flags.redis, log)
	if err != nil {
		return err
	}
	defer closing(&err, state.Close)
	engine, err := rtc.NewEngine(rtc.Config{Logger: log})
	if err != nil {
		return err
	}
	defer closing(&err, engine.Close)
	g, err := guard.New(guard.Config{Server: flags.livekit, Key: key, State: state, Engine: engine, Logger: log})
	if err != nil {
		return config.Mistake{Err: fmt.Errorf("--livekit: %w", err)}
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	var beside sync.WaitGroup
	beside.Go(func() { manager.run(ctx, &guardCare{guard: g, log: log}) })
	err = g.Run(ctx)
	cancel()
	beside.Wait()
	return err
}

// guardCare is a guard as its service looks after it.
type guardCare struct {
	guard *guard.Guard
	log   *slog.Logger
	looks uint64
}

func (c *guardCare) stalled() []string {
	looks := c.guard.Status().Looks
	if looks == c.looks {
		return []string{"rooms"}
	}
	c.looks = looks
	return nil
}

func (c *guardCare) standing() (onAir bool, words string) {
	s := c.guard.Status()
	switch {
	case s.Connected:
		return true, fmt.Sprintf("%d rooms; %d times muted, %d times barred", s.Rooms, s.Mutes, s.Barred)
	case s.Looks == 0:
		return false, "starting"
	default:
		return false, "waiting for LiveKit: nothing is guarded"
	}
}

// changed is nothing that a guard tells.
func (c *guardCare) changed() <-chan struct{} { return nil }

func (c *guardCare) reload() {
	c.log.Info("a guard has nothing to reload; its flags need a restart")
}

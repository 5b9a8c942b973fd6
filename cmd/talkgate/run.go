package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
)

func newRunCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "run",
		Short: "Run a port: one radio on one channel",
		Long: `Run the port that a configuration describes, until SIGINT or SIGTERM. What it
waits for, such as Redis or the hub, it waits for without end; it never talks
without both.

With the driver board, hardware that is missing is waited for, too; when some
vanishes the program starts anew in the same process.

With status.listen the port shows on a page what it does, what is wrong and what to
do about it; nothing can be done on that page.

With the driver sim the radio is virtual. Lines on standard input move it:
  press     hold the PTT button; the microphone hears a sentence
  release   let it up
            (of a repeater: it receives somebody, and does no more)
  up, down  press a button of the selector
  turn right, turn left
            turn the selector, a rotary encoder, by one detent
  select 3  set the selector, a BCD switch
  emergency hold the emergency button; the microphone hears a sentence
  let go    let it up
  dial *1#  the microphone hears these digits (DTMF)
  record    press the flight recorder's button
  quit      end
and lines on standard output tell what it shows and whether it is heard.`,
		Example: `  talkgate run --config port.yaml
  (echo press; sleep 3; echo release; sleep 1; echo quit) | talkgate run --config port.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := runPort(cmd, path)
			if needsRestart(err) {
				return restart(cmd.Context())
			}
			return err
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "", "configuration of the port; see 'talkgate config' (required)")
	_ = c.MarkFlagRequired("config") // it exists
	return c
}

func runPort(cmd *cobra.Command, path string) (err error) {
	local, err := config.LoadLocal(path, os.Getenv("CREDENTIALS_DIRECTORY"))
	if err != nil {
		return config.Mistake{Err: err}
	}
	log, _, err := openLog(cmd, local.Log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	member, cfg, err := joinFleet(cmd.Context(), local, log)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = member.end(cmd.Context(), err) }()
	log, level, err := openLog(cmd, cfg.Log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	recorder, log, err := openRecorder(cfg, log)
	if err != nil {
		return err
	}
	defer recorder.close()
	manager, err := newService(log)
	if err != nil {
		return err
	}
	state, err := openRedis(cfg.Redis, log)
	if err != nil {
		return err
	}
	defer closing(&err, state.Close)
	ctx, quit := context.WithCancel(cmd.Context())
	defer quit()
	clock, heart := newClock(log), &heart{}
	tuner := &tuner{level: level, heart: heart, cfg: cfg}
	care := &portCare{pulse: heart.pulse, load: member.loader(path), tuner: tuner, clock: clock, log: log, cfg: cfg, news: make(chan struct{}, 1)}
	links, err := openLinks(cfg, care.channel, state, log)
	if err != nil {
		return err
	}
	var beside sync.WaitGroup
	defer beside.Wait()
	defer quit()
	beside.Go(func() { manager.run(ctx, care) })
	beside.Go(func() { member.run(ctx, state, care, quit) })
	gauges := newGauges(cfg, care, links, state, member.applied)
	status, err := listenStatus(cfg.Status.Listen, gauges, log)
	if err != nil {
		return err
	}
	beside.Go(func() { status.run(ctx, log) })
	beat := newHeartbeat(state, gauges.report, cfg.Status.Report, log)
	beside.Go(func() { beat.run(ctx) })
	board, err := heart.await(ctx, cfg.Hardware, log, func() (board, error) {
		return openHardware(cfg.Hardware, cmd.InOrStdin(), cmd.OutOrStdout(), quit)
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	opt := portOptions(cfg, state, log)
	if err := setTones(&opt, cfg.Audio); err != nil {
		return config.Mistake{Err: err}
	}
	if opt.Ear, err = earOf(cfg.Talk); err != nil {
		return config.Mistake{Err: err}
	}
	if opt.Remote, err = remoteOf(cfg.Talk.DTMF); err != nil {
		return config.Mistake{Err: err}
	}
	if opt.Ident, err = identOf(cfg.Key.Ident); err != nil {
		return config.Mistake{Err: err}
	}
	if strings.HasPrefix(string(cfg.Redis.URL), "rediss:") {
		watch := clockedWatch{state, clock}
		opt.Rights, opt.Floor = watch, watch
	}
	opt.Floor = channelFloors{opt.Floor, links.locks}
	opt.Hardware = board.Hardware
	last := newLastChannel(log)
	if err := setSelector(&opt, cfg, links, func(l port.Link) port.Link { return recorder.link(clockedLink{l, clock}) }, last.read()); err != nil {
		return err
	}
	if cfg.Link.Hub == nil {
		opt.Hardware.Emergency = nil // a virtual radio has one; nobody on other channels would hear it
	}
	opt.Observe = func(s port.Status) {
		care.observe(s)
		recorder.observe(s)
		beat.observe(s)
		last.observe(s)
		if board.observe != nil {
			board.observe(s)
		}
	}
	port, err := port.New(opt)
	if err != nil {
		return config.Mistake{Err: err}
	}
	gauges.attach(port, opt.Hardware)
	status.measure(gauges)
	beside.Go(func() { recorder.run(ctx) })
	beside.Go(func() { recorder.follow(ctx, board.record) })
	asked := &questions{cfg: cfg, log: log}
	beside.Go(func() { asked.run(ctx) })
	beside.Go(func() { last.run(ctx) })
	heart.port.Store(port)
	if board.run != nil {
		beside.Go(func() { board.run(ctx) })
	}
	if err = port.Run(ctx); needsRestart(err) {
		log.Error("hardware is gone; starting anew and waiting for it", "err", err)
		recorder.save("hardware-gone")
	}
	return err
}

// portOptions is what a port is made of, but for its hardware.
func portOptions(cfg config.Config, state *redis.Client, log *slog.Logger) port.Options {
	opt := port.Options{
		UserID:    cfg.Identity.UserID,
		UserName:  cfg.Identity.UserName,
		Role:      redis.Role(cfg.Identity.Role),
		Channel:   cfg.Channel,
		Talk:      timingOf(cfg.Talk),
		Levels:    levelsOf(cfg),
		Encoder:   encoderOf(cfg.Audio),
		Key:       keyTiming(cfg.Key),
		Squelch:   squelchTiming(cfg),
		Emergency: port.Emergency{Guard: cfg.Emergency.Guard, Gain: float64(cfg.Emergency.Gain)},
		Duck:      duckOf(cfg),
		Rights:    state,
		Floor:     state,
		Logger:    log,
	}
	if b := cfg.Hardware.Board; b != nil {
		opt.SpeakerGain = float64(b.Sound.Speaker.Gain)
	}
	return opt
}

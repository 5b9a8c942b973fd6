package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/port"
	desired "github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// daemonOptions is what a daemon is made of.
type daemonOptions struct {
	// Local is the port's own file.
	Local config.Local
	// Load reads that file again, for a reload.
	Load    func() (config.Config, error)
	Drivers Drivers
	// OpenLog makes the logger of a configuration, and its level, which may be changed.
	OpenLog func(config.Log) (*slog.Logger, *slog.LevelVar, error)
}

// runDaemon runs a port and what belongs to it until ctx ends or the port does: the part in a
// fleet that its file names, service manager, status, recorder. It waits without end for
// what is missing: documents, hardware, Redis, the channel server. Use needsRestart on
// the error.
func runDaemon(ctx context.Context, opt daemonOptions) (err error) {
	log, _, err := opt.OpenLog(opt.Local.Log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	d := &runner{opt: opt, cfg: opt.Local.Config}
	if opt.Local.InFleet() {
		d.fleet, d.cfg, err = joinFleet(ctx, opt.Local, opt.Drivers, log)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { err = d.fleet.end(ctx, err) }()
		d.opt.Load = d.fleet.load
	}
	return d.run(ctx)
}

// runner runs a port with one configuration.
type runner struct {
	opt   daemonOptions
	cfg   config.Config
	fleet *membership // nil for a port without a fleet
	log   *slog.Logger

	recorder *recorder // nil where nothing is recorded
	state    *redis.Client
	links    Links
	health   *health
	tuner    *tuner
	gauges   *gauges
}

// component is a part of the process that runs beside the port until ctx ends.
type component func(ctx context.Context)

func (d *runner) run(ctx context.Context) (err error) {
	log, level, err := d.opt.OpenLog(d.cfg.Log)
	if err != nil {
		return config.Mistake{Err: err}
	}
	if d.cfg.Recorder.Size > 0 {
		if d.recorder, log, err = openRecorder(d.cfg, log); err != nil {
			return err
		}
		defer d.recorder.close()
	}
	d.log = log
	if d.state, err = openRedis(d.cfg.Redis, log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.state.Close()) }()
	ctx, quit := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer quit()
	begin := func(components ...component) {
		for _, run := range components {
			beside.Go(func() { run(ctx) })
		}
	}

	starter, clock := &starter{}, newClock(log)
	d.health = newHealth(d.cfg.Channel, starter.pulse, starter.missing, clock)
	d.tuner = &tuner{load: d.opt.Load, level: level, starter: starter, log: log, cfg: d.cfg}
	if d.links, err = d.opt.Drivers.Links(d.cfg, d.health.channel, d.state, log); err != nil {
		return err
	}
	waiting, status, beat, err := d.surroundings(quit)
	if err != nil {
		return err
	}
	begin(waiting...)
	board, err := starter.await(ctx, d.cfg.Hardware, d.opt.Drivers, quit, log)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	last := newLastChannel(log)
	opt, err := d.portOptions(board, clock, last.read())
	if err != nil {
		return err
	}
	observers := []func(port.Status){d.health.observe, beat.observe, last.observe}
	if d.recorder != nil {
		observers = append(observers, d.recorder.observe)
		begin(d.recorder.run)
		if board.Record != nil {
			begin(func(ctx context.Context) { d.recorder.follow(ctx, board.Record) })
		}
	}
	if board.Observe != nil {
		observers = append(observers, board.Observe)
	}
	opt.Observe = func(s port.Status) {
		for _, observe := range observers {
			observe(s)
		}
	}
	p, err := port.New(opt)
	if err != nil {
		return config.Mistake{Err: err}
	}
	d.gauges.attach(p, opt.Hardware)
	if status != nil {
		status.measure(d.gauges)
	}
	questions := &questions{cfg: d.cfg, log: log, parrot: d.opt.Drivers.Parrot}
	begin(questions.run, last.run)
	if board.Run != nil {
		begin(board.Run)
	}
	starter.port.Store(p)
	if err = p.Run(ctx); needsRestart(err) {
		log.Error("hardware is gone; starting anew and waiting for it", "err", err)
		if d.recorder != nil {
			d.recorder.save("hardware-gone")
		}
	}
	return err
}

// surroundings are the components that run before there is a port, too. status is nil
// where none is served.
func (d *runner) surroundings(quit context.CancelFunc) (all []component, status *statusServer, beat *heartbeat, err error) {
	manager, err := newService(d.log)
	if err != nil {
		return nil, nil, nil, err
	}
	all = append(all, func(ctx context.Context) { manager.run(ctx, d.health, d.tuner.reload) })
	applied := func() desired.Applied { return desired.Applied{} }
	if d.fleet != nil {
		applied = d.fleet.agent.Applied
		all = append(all, func(ctx context.Context) { d.fleet.run(ctx, d.state, d.health, d.tuner, quit) })
	}
	d.gauges = newGauges(d.cfg, d.health, d.links, d.state, applied)
	if address := d.cfg.Status.Listen; address != "" {
		if status, err = listenStatus(address, d.gauges, d.log); err != nil {
			return nil, nil, nil, err
		}
		all = append(all, func(ctx context.Context) { status.run(ctx, d.log) })
	}
	beat = newHeartbeat(d.state, d.gauges.report, d.cfg.Status.Report, d.log)
	return append(all, beat.run), status, beat, nil
}

// portOptions are those of the port on a board; last is the channel that was selected
// before.
func (d *runner) portOptions(board Board, clock *clock, last string) (port.Options, error) {
	opt, err := optionsOf(d.cfg)
	if err != nil {
		return opt, config.Mistake{Err: err}
	}
	talker := redis.Talker{Client: d.state, UserID: d.cfg.Identity.UserID}
	opt.Logger, opt.Rights, opt.Floor = d.log, d.state, talker
	if strings.HasPrefix(string(d.cfg.Redis.URL), "rediss:") {
		watch := clockedWatch{talker, clock}
		opt.Rights, opt.Floor = watch, watch
	}
	opt.Floor, opt.Lock = d.links.Floors(opt.Floor), d.links.Lock()
	opt.Hardware = board.Hardware
	if d.cfg.Link.Hub == nil {
		opt.Hardware.Emergency = nil // a virtual radio has one; nobody on other channels would hear it
	}
	wrap := func(l port.Link) port.Link {
		l = clockedLink{l, clock}
		if d.recorder != nil {
			l = d.recorder.link(l)
		}
		return l
	}
	return opt, setSelector(&opt, d.cfg, d.links, wrap, last)
}

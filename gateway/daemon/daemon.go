package daemon

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/talkgate/talkgate/gateway/clock"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/flight"
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/gateway/uplink"
	"github.com/talkgate/talkgate/hal"
	desired "github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
)

// Options is what a daemon is made of.
type Options struct {
	// Local is the port's own file.
	Local config.Local
	// Load reads that file again, for a reload.
	Load    func() (config.Config, error)
	Drivers Drivers
	// OpenLog makes the logger of a configuration, and its level, which may be changed.
	OpenLog func(config.Log) (*slog.Logger, *slog.LevelVar, error)
}

// Run runs a port and what belongs to it until ctx ends or the port does: the part in a
// fleet that its file names, service manager, status, recorder. It waits without end for
// what is missing: documents, hardware, Redis, the channel server. Hardware that vanishes
// ends the port; Run waits for it and runs a new one. After an error that wraps ErrRestart
// only a new process can go on.
func Run(ctx context.Context, opt Options) (err error) {
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
	return d.Run(ctx)
}

// runner runs a port with one configuration.
type runner struct {
	opt   Options
	cfg   config.Config
	fleet *membership // nil for a port without a fleet
	log   *slog.Logger

	recorder *recorder // nil where nothing is recorded
	state    *redis.Client
	links    Links
	health   *status.Health
	reloader *reloader
	gateway  *status.Gateway
	view     *status.View
}

// component is a part of the process that runs beside the port until ctx ends.
type component func(ctx context.Context)

func (d *runner) Run(ctx context.Context) (err error) {
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
	if d.state, err = options.OpenRedis(d.cfg.Redis, log); err != nil {
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

	starter, timeOfDay := &starter{}, clock.New(log)
	d.health = status.NewHealth(d.cfg.Channel, starter.pulse, starter.missing, timeOfDay)
	d.reloader = &reloader{load: d.opt.Load, level: level, starter: starter, log: log, cfg: d.cfg}
	if d.links, err = d.opt.Drivers.Links(d.cfg, d.health.Channel, d.state, log); err != nil {
		return err
	}
	var displayAnswers func() bool
	if display := d.newDisplay(starter); display != nil {
		begin(display.Run)
		displayAnswers = display.Answers
	}
	waiting, beat, err := d.surroundings(quit, displayAnswers)
	if err != nil {
		return err
	}
	begin(waiting...)
	begin(d.links.RenewTokens, d.followNetwork)
	// Which channel is on, and what is asked from afar, outlive a port.
	last := newLastChannel(log)
	questions := &questions{cfg: d.cfg, log: log, parrot: d.opt.Drivers.Parrot}
	begin(questions.Run, last.Run)
	if d.recorder != nil {
		begin(d.recorder.Run)
	}
	for {
		board, err := starter.await(ctx, d.cfg.Hardware, d.opt.Drivers, quit, log)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		err = d.runPort(ctx, board, portSurroundings{starter, timeOfDay, last, beat})
		if !errors.Is(err, hal.ErrGone) || ctx.Err() != nil {
			return err
		}
		log.Error("hardware is gone; waiting for it", "err", err)
		if d.recorder != nil {
			d.recorder.save("hardware-gone")
		}
		// Hardware that comes and goes keeps no core busy.
		starter.pause(ctx)
	}
}

// followNetwork has links and Redis leave an uplink that is gone at once, until ctx ends.
func (d *runner) followNetwork(ctx context.Context) {
	err := uplink.Watch(ctx, func() {
		d.links.NetworkChanged()
		d.state.NetworkChanged()
	})
	if err != nil {
		d.log.Warn("changes of the network are not followed: another uplink is noticed by silence only", "err", err)
	}
}

// portSurroundings are the components that a port tells what it does.
type portSurroundings struct {
	starter *starter
	clock   *clock.Clock
	last    *lastChannel
	beat    *status.Heartbeat
}

// runPort runs a port on a board until ctx ends or hardware vanishes. It leaves the
// board closed and the gateway without a port.
func (d *runner) runPort(ctx context.Context, board Board, around portSurroundings) error {
	opt, err := d.portOptions(board, around.clock, around.last.read())
	if err != nil {
		return errors.Join(err, board.Close())
	}
	observers := []func(port.Status){d.health.Observe, around.beat.Observe, around.last.Observe}
	if d.recorder != nil {
		observers = append(observers, d.recorder.Observe)
	}
	if board.Observe != nil {
		observers = append(observers, board.Observe)
	}
	p, err := port.New(opt)
	if err != nil {
		return errors.Join(config.Mistake{Err: err}, board.Close())
	}
	ctx, quit := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer quit()
	if d.recorder != nil && board.Record != nil {
		beside.Go(func() { d.recorder.follow(ctx, board.Record) })
	}
	if board.Run != nil {
		beside.Go(func() { board.Run(ctx) })
	}
	if d.cfg.Link.LiveKit != nil {
		beside.Go(func() { (&guardWatch{state: d.state, port: p, log: d.log}).Run(ctx) })
	}
	var observed sync.WaitGroup
	observed.Go(func() {
		for s := range p.Changes() { // it ends with the port
			for _, observe := range observers {
				observe(s)
			}
		}
	})
	d.view.Show(d.gateway.Running(p, opt.Hardware))
	around.starter.port.Store(p)
	defer func() {
		around.starter.port.Store(nil)
		d.health.Forget()
		d.view.Show(d.gateway)
	}()
	err = p.Run(ctx)
	observed.Wait()
	return err
}

// surroundings are the components that run before there is a port, too. displayAnswers is
// nil without a display.
func (d *runner) surroundings(quit context.CancelFunc, displayAnswers func() bool) (all []component, beat *status.Heartbeat, err error) {
	manager, err := newService(d.log)
	if err != nil {
		return nil, nil, err
	}
	all = append(all, func(ctx context.Context) { manager.Run(ctx, d.health, d.reloader.reload) })
	applied := func() desired.Applied { return desired.Applied{} }
	if d.fleet != nil {
		applied = d.fleet.agent.Applied
		all = append(all, func(ctx context.Context) {
			d.fleet.Run(ctx, d.state, &livePort{ctx.Done(), d.health, d.reloader, quit})
		})
	}
	d.gateway = status.NewGateway(d.cfg, d.health, d.links, d.state, applied, displayAnswers)
	d.view = status.NewView(d.gateway)
	if address := d.cfg.Status.Listen; address != "" {
		server, err := status.Listen(address, d.view, d.log)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, server.Run)
	}
	beat = status.NewHeartbeat(d.state, d.view.Report, d.cfg.Status.Report, d.log)
	return append(all, beat.Run), beat, nil
}

// portOptions are those of the port on a board; last is the channel that was selected
// before.
func (d *runner) portOptions(board Board, timeOfDay *clock.Clock, last string) (port.Options, error) {
	cfg := d.reloader.current()
	opt, err := options.Port(cfg)
	if err != nil {
		return opt, config.Mistake{Err: err}
	}
	talker := redis.Talker{Client: d.state, UserID: d.cfg.Identity.UserID, Budget: cfg.Talk.Budget > 0}
	opt.Logger, opt.Rights, opt.Floor = d.log, d.state, talker
	if strings.HasPrefix(string(d.cfg.Redis.URL), "rediss:") {
		watch := clock.Watch{Talker: talker, Clock: timeOfDay}
		opt.Rights, opt.Floor = watch, watch
	}
	opt.Floor, opt.Lock = d.links.Floors(opt.Floor), d.links.Lock()
	opt.Hardware = board.Hardware
	if d.cfg.Link.Hub == nil {
		opt.Hardware.Emergency = nil // a virtual radio has one; nobody on other channels would hear it
	}
	opt.Monitor = Monitor(cfg.Audio.Monitor, d.state)
	opt.Ready = func(ctx context.Context) { timeOfDay.Wait(ctx, "the link") }
	if d.recorder != nil {
		opt.Tap = flight.Tap{Ring: d.recorder.ring}
	}
	return opt, setChannels(&opt, d.cfg, d.links, last)
}

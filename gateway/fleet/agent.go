package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

// Redis is what an Agent needs of Redis.
type Redis interface {
	WatchFleet(ctx context.Context, scopes []fleet.Scope, fn func(fleetstore.View)) error
	ReportCanary(ctx context.Context, version uint64, gateway, failure string) (fleet.State, error)
}

// Port is what an Agent needs of the gateway.
type Port interface {
	// Build makes a configuration of settings laid over the gateway's own file.
	// The error says what is wrong with it.
	Build(fleet.Settings) (config.Config, error)
	// Check reports why a configuration does not fit this board.
	Check(config.Config) error
	// Apply applies a configuration, or nothing of it if some keys need a restart: it
	// returns those keys.
	Apply(config.Config) (restart []string, err error)
	// Restart schedules a restart because of these keys, for when the gateway is idle.
	// It returns at once.
	Restart(keys []string)
	// Well reports whether link and Redis are up.
	Well() (link, redis bool)
}

// Options configures an Agent.
type Options struct {
	// Gateway is the gateway's ID, Group its group, empty for none.
	Gateway, Group string
	// Keys verify documents. Others are refused.
	Keys []fleet.PublicKey
	// Least are the least marks, for a gateway without a memory. Older documents are
	// refused.
	Least map[fleet.Scope]fleet.Mark
	// Dir keeps the last good documents.
	Dir    string
	Port   Port
	Logger *slog.Logger
	// Probation is how long new documents are on trial. Grace is how long link or Redis
	// may be missing meanwhile. Aftermath is how long the gateway may take to recover
	// with the previous documents.
	Probation, Grace, Aftermath time.Duration
}

const (
	// pollEvery is how often the gateway's health is checked.
	pollEvery = time.Second
	// mostStarts is how often a process may start with documents on probation. One
	// start more than needed: power fails, too.
	mostStarts = 2
	// chances is how many trials in a row may end because Redis alone was missing. No
	// document changes the way to Redis, so the cause was Redis itself, or chance.
	chances = 3
	// firstRetry and longestRetry bound the time until suspect documents are tried
	// again; it doubles each time.
	firstRetry, longestRetry = time.Minute, 30 * time.Minute
	// reportTimeout bounds one report to a rollout; reportRetry is the pause after one
	// that failed.
	reportTimeout, reportRetry = time.Second, 5 * time.Second
)

// Agent applies the fleet's documents on one gateway. One goroutine calls Begin, then
// Run. Any goroutine may call Applied.
type Agent struct {
	opt     Options
	log     *slog.Logger
	start   time.Time
	redis   Redis
	mem     memory
	running documents
	phase   phase
	// wanted are the documents to apply; trials are their rollouts in which the gateway
	// is a canary.
	wanted     documents
	trials     map[uint64]*fleet.Rollout
	reported   map[uint64]string // the last report to each of trials
	quietUntil time.Duration     // no report before

	probation fleet.Probation
	until     time.Duration // the end of aftermath or unexplained

	refusal string // of the latest view
	applied atomic.Pointer[fleet.Applied]
}

// phase is the state of an Agent.
type phase uint8

const (
	settled     phase = iota // with good documents, or none
	onTrial                  // with documents on probation
	aftermath                // with good documents, after others were taken back
	unexplained              // the same, and the cause is unknown
	restarting               // the next process goes on
)

// New makes an Agent and starts nothing.
func New(opt Options) *Agent {
	return &Agent{
		opt: opt, log: opt.Logger.With("gateway", opt.Gateway), start: time.Now(),
		trials: map[uint64]*fleet.Rollout{}, reported: map[uint64]string{},
	}
}

func (a *Agent) now() time.Duration { return time.Since(a.start) }

func (a *Agent) scopes() []fleet.Scope { return fleet.ScopesOf(a.opt.Gateway, a.opt.Group) }

// Begin returns the configuration to start with: from the documents on probation, or
// the last good ones, or the gateway's own file alone. If that is not enough, Begin
// waits for documents until ctx ends.
func (a *Agent) Begin(ctx context.Context, r Redis) (config.Config, error) {
	a.redis = r
	mem, err := load(a.opt.Dir)
	if err != nil {
		a.log.Warn("the last good documents cannot be read; those in Redis are waited for", "err", err)
	}
	a.mem = mem
	for scope, least := range a.opt.Least {
		m := a.mem.Marks[scope]
		a.mem.Marks[scope] = fleet.Mark{Seen: max(m.Seen, least.Seen), Settled: max(m.Settled, least.Settled)}
	}
	a.mem.Good, a.mem.Trial = mem.Good.verified(a.opt.Keys), mem.Trial.verified(a.opt.Keys)
	if c, ok := a.beginTrial(); ok {
		return c, nil
	}
	if a.mem.Suspect != nil {
		a.phase, a.until = aftermath, a.now()+a.opt.Aftermath
	}
	c, err := a.build(a.mem.Good)
	if err == nil {
		a.running = a.mem.Good
		a.publish()
		return c, nil
	}
	a.log.Info("the fleet's documents are waited for", "because", err)
	return a.await(ctx)
}

// beginTrial starts with the documents on probation, unless the process has ended
// too often with them.
func (a *Agent) beginTrial() (config.Config, bool) {
	if a.mem.Trial == nil {
		return config.Config{}, false
	}
	if a.mem.Starts >= mostStarts {
		a.reject(a.mem.Trial, fmt.Sprintf("the process ended %d times with it", a.mem.Starts))
		return config.Config{}, false
	}
	c, err := a.build(a.mem.Trial)
	if err != nil {
		a.reject(a.mem.Trial, err.Error())
		return config.Config{}, false
	}
	a.mem.Starts++
	_ = a.save() // it was logged
	a.running = a.mem.Trial
	a.beginProbation()
	return c, true
}

// await waits for the first documents that make a configuration.
func (a *Agent) await(ctx context.Context) (config.Config, error) {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	var c config.Config
	err := a.redis.WatchFleet(ctx, a.scopes(), func(v fleetstore.View) {
		if ctx.Err() != nil || !a.receive(v) {
			return
		}
		defer a.publish()
		if len(a.wanted) == 0 {
			return
		}
		var err error
		if c, err = a.build(a.wanted); err != nil {
			a.reject(a.wanted, err.Error())
			a.reportRollouts(ctx)
			return
		}
		a.mem.Trial, a.mem.Starts = a.wanted, 1
		_ = a.save() // it was logged
		a.running = a.wanted
		a.beginProbation()
		enough()
	})
	if a.running == nil && err == nil {
		return c, context.Canceled
	}
	return c, err
}

func (a *Agent) build(d documents) (config.Config, error) {
	return a.opt.Port.Build(d.settings(config.Choices(), a.scopes()))
}

// Run follows the fleet's documents until ctx ends.
func (a *Agent) Run(ctx context.Context, r Redis) error {
	a.redis = r
	views := make(chan fleetstore.View)
	watching, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- a.redis.WatchFleet(watching, a.scopes(), func(v fleetstore.View) {
			select {
			case views <- v:
			case <-watching.Done():
			}
		})
	}()
	defer func() { stop(); <-ended }()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case v := <-views:
			if a.receive(v) {
				a.follow()
			}
		case <-tick.C:
			a.poll()
		}
		a.reportRollouts(ctx)
		a.publish()
	}
}

// receive selects the documents of the scopes. It reports whether they are known.
func (a *Agent) receive(v fleetstore.View) bool {
	if !v.Known {
		return false
	}
	wanted, trials, refusals := documents{}, map[uint64]*fleet.Rollout{}, error(nil)
	for _, scope := range a.scopes() {
		mark := a.mem.Marks[scope]
		choice, err := v.Scopes[scope].Choose(scope, a.opt.Gateway, a.opt.Keys, mark)
		if err != nil {
			refusals = errors.Join(refusals, err)
			if e, obeyed := a.obeyed()[scope]; obeyed {
				wanted[scope] = e
			}
			continue
		}
		if choice.Mark != mark {
			a.mem.Marks[scope] = choice.Mark
			_ = a.save() // it was logged
		}
		if choice.Envelope != "" {
			wanted[scope] = choice.Envelope
		}
		if choice.Trial {
			trials[choice.Document.Version] = choice.Document.Rollout
		}
	}
	refusal := ""
	if refusals != nil {
		refusal = refusals.Error()
	}
	if refusal != a.refusal {
		a.refusal = refusal
		if refusal != "" {
			a.log.Error("documents are refused", "err", refusal)
		}
	}
	a.wanted, a.trials = wanted, trials
	return true
}

// obeyed are the documents that stay when others are refused.
func (a *Agent) obeyed() documents {
	if a.running != nil {
		return a.running
	}
	return a.mem.Good
}

func (a *Agent) save() error {
	err := a.mem.save(a.opt.Dir)
	if err != nil {
		a.log.Error("a restart without Redis would not know this configuration", "err", err)
	}
	return err
}

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

// Redis is what an Agent needs of it.
type Redis interface {
	WatchFleet(ctx context.Context, scopes []fleet.Scope, fn func(fleetstore.View)) error
	ReportCanary(ctx context.Context, version uint64, gateway, failure string) (fleet.State, error)
}

// Port is the gateway as its Agent sees it.
type Port interface {
	// Build makes a configuration of settings laid over the gateway's own file.
	// The error says what is wrong with it.
	Build(fleet.Settings) (config.Config, error)
	// Check looks whether a configuration fits this board.
	Check(config.Config) error
	// Apply lets a configuration take effect. What takes a restart is not
	// applied, nor anything else then: its keys are returned.
	Apply(config.Config) (restart []string, err error)
	// Restart asks for a restart for the sake of these keys, once the gateway
	// can do without for a moment; it returns at once.
	Restart(keys []string)
	// Well reports whether link and Redis are there.
	Well() (link, redis bool)
}

// Options is what an Agent is made of.
type Options struct {
	// Gateway is the gateway's ID, Group its group, empty for none.
	Gateway, Group string
	// Keys are whose documents count.
	Keys []fleet.PublicKey
	// Least are the marks of a gateway that remembers nothing. Nothing older is obeyed.
	Least map[fleet.Scope]fleet.Mark
	// Dir keeps the last good documents.
	Dir    string
	Port   Port
	Logger *slog.Logger
	// Probation is how long new documents have to do well, Grace how long link
	// or Redis may be missing meanwhile, Aftermath how long the gateway may
	// take to be well again with those before.
	Probation, Grace, Aftermath time.Duration
}

const (
	// look is how often the gateway is looked at.
	look = time.Second
	// mostStarts is how often a process may begin with documents on probation:
	// power fails, too.
	mostStarts = 2
	// chances is how often in a row Redis may be missing until the documents before
	// are back: no document changes the way to it, so that it was Redis, or chance.
	chances = 3
	// firstDoubt and longestDoubt are how long documents that nobody knows
	// about wait for another try.
	firstDoubt, longestDoubt = time.Minute, 30 * time.Minute
	// judgeTime bounds one message to a rollout, judgeAgain is when one that was
	// lost is sent again.
	judgeTime, judgeAgain = time.Second, 5 * time.Second
)

// Agent is one gateway's part in a fleet. One goroutine calls Begin, then Run; any
// may ask for Applied.
type Agent struct {
	opt     Options
	log     *slog.Logger
	start   time.Time
	redis   Redis
	mem     memory
	running documents
	phase   phase
	// wanted are the documents that the gateway is told to obey, trials those
	// rollouts among them for which it is a canary.
	wanted documents
	trials map[uint64]*fleet.Rollout
	judged map[uint64]string // what was said of each of trials
	mute   time.Duration     // until when nothing is said

	probation fleet.Probation
	until     time.Duration // of the aftermath, or of a doubt

	refusal string // of the latest view
	applied atomic.Pointer[fleet.Applied]
}

// phase is where an Agent stands.
type phase uint8

const (
	settled    phase = iota // with good documents, or none
	onTrial                 // with documents on probation
	aftermath               // with good documents, after others were taken back
	doubting                // the same, and nobody knows why
	restarting              // what is to happen happens in another process
)

// New makes an Agent and starts nothing.
func New(opt Options) *Agent {
	return &Agent{
		opt: opt, log: opt.Logger.With("gateway", opt.Gateway), start: time.Now(),
		trials: map[uint64]*fleet.Rollout{}, judged: map[uint64]string{},
	}
}

func (a *Agent) now() time.Duration { return time.Since(a.start) }

func (a *Agent) scopes() []fleet.Scope { return fleet.ScopesOf(a.opt.Gateway, a.opt.Group) }

// Begin returns what the gateway starts with: the documents on probation, or else
// the last good ones; without either, its own file, if that is enough. If it is
// not, Begin waits for documents that are, until ctx ends.
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
	if a.mem.Doubt != nil {
		a.phase, a.until = aftermath, a.now()+a.opt.Aftermath
	}
	c, err := a.build(a.mem.Good)
	if err == nil {
		a.running = a.mem.Good
		a.tell()
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
		a.convict(a.mem.Trial, fmt.Sprintf("the process ended %d times with it", a.mem.Starts))
		return config.Config{}, false
	}
	c, err := a.build(a.mem.Trial)
	if err != nil {
		a.convict(a.mem.Trial, err.Error())
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
		defer a.tell()
		if len(a.wanted) == 0 {
			return
		}
		var err error
		if c, err = a.build(a.wanted); err != nil {
			a.convict(a.wanted, err.Error())
			a.judge(ctx)
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

// Run watches until ctx ends.
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
	tick := time.NewTicker(look)
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
			a.look()
		}
		a.judge(ctx)
		a.tell()
	}
}

// receive notes the documents of the scopes, and reports whether there is something new to
// decide on.
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

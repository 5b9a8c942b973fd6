package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/fleet"
	desired "github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// probationGrace is how long link or Redis may be missing while new
	// documents are on probation, probationAftermath how long the port may take
	// to have them again with those before.
	probationGrace, probationAftermath = 20 * time.Second, 10 * time.Second
	// quietLook is how often a port that is to be started anew is looked at, and
	// longestQuiet how long its channel may keep it from that.
	quietLook, longestQuiet = 200 * time.Millisecond, 5 * time.Minute
	// againAfter is when a port that its documents keep from running is tried
	// again.
	againAfter = 30 * time.Second
)

// errDocuments says that a port ended to be made anew of other documents.
var errDocuments = errors.New("the port is started anew with other documents of the fleet")

// member is a port's part in a fleet; it is what its fleet.Agent knows of the port.
// nil is a port without a fleet.
type member struct {
	local config.Local
	care  *portCare
	agent *fleet.Agent
	log   *slog.Logger
	ctx   context.Context // of the port
	anew  context.CancelFunc
	asked atomic.Bool // to be started anew
	waits sync.WaitGroup
}

// joinFleet makes a port's part in the fleet that its own file names, and returns
// what the port starts with: that file, or what the fleet's documents make of it.
// Without documents it waits for some.
func joinFleet(ctx context.Context, local config.Local, log *slog.Logger) (m *member, cfg config.Config, err error) {
	if !local.InFleet() {
		return nil, local.Config, nil
	}
	keys, err := desired.ParsePublicKeys(local.Fleet.PublicKey)
	if err != nil {
		return nil, config.Config{}, config.Mistake{Err: fmt.Errorf("fleet.public_key: %w", err)}
	}
	dir, err := stateDirectory(local.Fleet)
	if err != nil {
		return nil, config.Config{}, config.Mistake{Err: err}
	}
	// What comes after has a Redis of its own: not before now is it known how it is
	// to be recorded.
	state, err := openRedis(local.Redis, log)
	if err != nil {
		return nil, config.Config{}, err
	}
	defer closing(&err, state.Close)
	manager, err := newService(log)
	if err != nil {
		return nil, config.Config{}, err
	}
	m = &member{local: local, log: log}
	m.agent = fleet.New(fleet.Options{
		Gateway: local.Identity.UserID, Group: local.Fleet.Group, Keys: keys, Dir: dir, Port: m, Logger: log,
		Least:     local.Fleet.Least.Marks(local.Identity.UserID, local.Fleet.Group),
		Probation: local.Fleet.Probation, Grace: probationGrace, Aftermath: probationAftermath,
	})
	waiting, stop := context.WithCancel(ctx)
	var told sync.WaitGroup
	const why = "waiting for the fleet's documents"
	told.Go(func() { manager.wait(waiting, why) })
	told.Go(func() { m.reportAbsent(ctx, waiting, state, why) })
	cfg, err = m.agent.Begin(ctx, state)
	stop()
	told.Wait()
	return m, cfg, err
}

// loadPort is the configuration of a port as it would start without Redis: its own
// file, with the fleet's last good documents laid over it.
func loadPort(path string) (config.Config, error) {
	local, err := config.LoadLocal(path, os.Getenv("CREDENTIALS_DIRECTORY"))
	if err != nil || !local.InFleet() {
		return local.Config, err
	}
	keys, err := desired.ParsePublicKeys(local.Fleet.PublicKey)
	if err != nil {
		return config.Config{}, err
	}
	dir, err := stateDirectory(local.Fleet)
	if err != nil {
		return config.Config{}, err
	}
	settings, err := fleet.LastGood(dir, keys, local.Identity.UserID, local.Fleet.Group)
	if err != nil {
		return config.Config{}, err
	}
	return local.With(settings)
}

// stateDirectory is where the last good documents are kept.
func stateDirectory(cfg config.Fleet) (string, error) {
	dir := string(cfg.State)
	if dir == "" {
		dir, _, _ = strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	}
	if dir == "" {
		return "", errors.New("fleet.state: expected a directory that keeps the last good documents, found none, nor $STATE_DIRECTORY")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("fleet.state: expected a directory that exists: %s", filepath.Clean(dir))
	}
	return dir, nil
}

// loader is what a reload reads: the port's own file, which is not all in a fleet.
func (m *member) loader(path string) func() (config.Config, error) {
	if m == nil {
		return func() (config.Config, error) { return config.Load(path, os.Getenv("CREDENTIALS_DIRECTORY")) }
	}
	return func() (config.Config, error) {
		return config.Config{}, errors.New("in a fleet the port's own file is read at its start only: restart it")
	}
}

// run takes part with a port, which quit ends, until ctx ends.
func (m *member) run(ctx context.Context, state *redis.Client, care *portCare, quit context.CancelFunc) {
	if m == nil {
		return
	}
	m.ctx, m.care, m.anew = ctx, care, quit
	_ = m.agent.Run(ctx, state) // it ends with ctx only
	m.waits.Wait()
}

// applied is what became of the fleet's documents.
func (m *member) applied() desired.Applied {
	if m == nil {
		return desired.Applied{}
	}
	return m.agent.Applied()
}

// end is what the end of a port means, err being its own. A port that ended for
// other documents begins anew. One that cannot be what its documents say begins
// anew too, later, or once there are others: nobody may be there to mend it.
func (m *member) end(ctx context.Context, err error) (ended error) {
	_, wrong := errors.AsType[config.Mistake](err)
	switch {
	case m == nil, ctx.Err() != nil:
		return err
	case m.asked.Load():
		return errors.Join(err, errDocuments)
	case !wrong:
		return err
	}
	m.log.Error("the port cannot be what the fleet's documents say; they are tried again, or others", "err", err)
	m.agent.Blame(err)
	why := "cannot be what its documents say: " + err.Error()
	state, err := openRedis(m.local.Redis, m.log)
	if err != nil {
		return err
	}
	defer closing(&ended, state.Close)
	waiting, cancel := context.WithTimeout(ctx, againAfter)
	defer cancel()
	var told sync.WaitGroup
	told.Go(func() { m.reportAbsent(ctx, waiting, state, why) })
	m.run(waiting, state, &portCare{tuner: &tuner{level: new(slog.LevelVar), heart: &heart{}}}, cancel)
	told.Wait()
	return errDocuments
}

// Build implements fleet.Port.
func (m *member) Build(s desired.Settings) (config.Config, error) { return m.local.With(s) }

// Check implements fleet.Port. What only trying can show, the probation shows. For
// hardware that is waited for already no document is to blame.
func (m *member) Check(cfg config.Config) error {
	err := checkLink(cfg, m.log)
	if m.care.tuner.heart.missing() == "" || m.care.tuner.changesHardware(cfg) {
		err = errors.Join(err, checkHardware(cfg.Hardware))
	}
	return err
}

// Apply implements fleet.Port.
func (m *member) Apply(cfg config.Config) (restart []string, err error) {
	if keys := m.care.tuner.waiting(cfg); len(keys) > 0 {
		return keys, nil
	}
	return m.care.tuner.take(cfg)
}

// Well implements fleet.Port.
func (m *member) Well() (link, redis bool) {
	s := m.care.status.Load()
	return s != nil && s.Floor.Link, s != nil && s.Redis
}

// Restart implements fleet.Port: once nobody talks on the channel.
func (m *member) Restart([]string) {
	ctx := m.ctx
	m.waits.Go(func() {
		look, late := time.NewTicker(quietLook), time.NewTimer(longestQuiet)
		defer look.Stop()
		defer late.Stop()
		for s := m.care.status.Load(); s != nil && (s.Floor.Phase != floor.Idle || s.Taken); s = m.care.status.Load() {
			select {
			case <-ctx.Done():
				return
			case <-late.C:
			case <-look.C:
				continue
			}
			break
		}
		m.asked.Store(true)
		m.anew()
	})
}

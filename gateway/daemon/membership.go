package daemon

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
	"github.com/talkgate/talkgate/gateway/options"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/status"
	desired "github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

const (
	// probationGrace is how long link or Redis may be missing while new
	// documents are on probation, probationAftermath how long the port may take
	// to have them again with those before.
	probationGrace, probationAftermath = 20 * time.Second, 10 * time.Second
	// quietPoll is how often a port that is to be started anew is polled, and
	// longestQuiet how long its channel may keep it from that.
	quietPoll, longestQuiet = 200 * time.Millisecond, 5 * time.Minute
	// againAfter is when a port that its documents keep from running is tried
	// again.
	againAfter = 30 * time.Second
)

// errDocuments says that a port ended to be made anew of other documents.
var errDocuments = fmt.Errorf("other documents of the fleet: %w", ErrRestart)

// membership is a port's part in a fleet; it is what its fleet.Agent knows of the port.
type membership struct {
	local   config.Local
	drivers Drivers
	agent   *fleet.Agent
	log     *slog.Logger
	asked   atomic.Bool // to be started anew
	waits   sync.WaitGroup

	port subordinate // set by Run
}

// subordinate is what the fleet's documents are applied to.
type subordinate interface {
	// lacksHardware says whether it waits for hardware that cfg has, too.
	lacksHardware(cfg config.Config) bool
	// apply lets take effect what can at once. Keys that take a restart are returned,
	// and then nothing took effect.
	apply(cfg config.Config) (restart []string, err error)
	// latest is its latest status; ok is false while there is none.
	latest() (s port.Status, ok bool)
	// restart ends it.
	restart()
	// ended is closed once it has ended.
	ended() <-chan struct{}
}

// joinFleet makes a port's part in the fleet that its own file names, and returns
// what the port starts with: what the fleet's documents make of that file. Without
// documents it waits for some.
func joinFleet(ctx context.Context, local config.Local, drivers Drivers, log *slog.Logger) (m *membership, cfg config.Config, err error) {
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
	state, err := options.OpenRedis(local.Redis, log)
	if err != nil {
		return nil, config.Config{}, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	manager, err := newService(log)
	if err != nil {
		return nil, config.Config{}, err
	}
	m = &membership{local: local, drivers: drivers, log: log}
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

// LoadPort is the configuration of a port as it would start without Redis: its own
// file, with the fleet's last good documents laid over it.
func LoadPort(path string) (config.Config, error) {
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

// load refuses a reload: the port's own file is not all in a fleet.
func (m *membership) load() (config.Config, error) {
	return config.Config{}, errors.New("in a fleet the port's own file is read at its start only: restart it")
}

// Run takes part with a port until ctx ends.
func (m *membership) Run(ctx context.Context, state *redis.Client, port subordinate) {
	m.port = port
	_ = m.agent.Run(ctx, state) // it ends with ctx only
	m.waits.Wait()
}

// end is what the end of a port means, err being its own. A port that ended for
// other documents begins anew. One that cannot be what its documents say begins
// anew too, later, or once there are others: nobody may be there to mend it.
func (m *membership) end(ctx context.Context, err error) (ended error) {
	_, wrong := errors.AsType[config.Mistake](err)
	switch {
	case ctx.Err() != nil:
		return err
	case m.asked.Load():
		return errors.Join(err, errDocuments)
	case !wrong:
		return err
	}
	m.log.Error("the port cannot be what the fleet's documents say; they are tried again, or others", "err", err)
	m.agent.FailStart(err)
	why := "cannot be what its documents say: " + err.Error()
	state, err := options.OpenRedis(m.local.Redis, m.log)
	if err != nil {
		return err
	}
	defer func() { ended = errors.Join(ended, state.Close()) }()
	waiting, cancel := context.WithTimeout(ctx, againAfter)
	defer cancel()
	var told sync.WaitGroup
	told.Go(func() { m.reportAbsent(ctx, waiting, state, why) })
	m.Run(waiting, state, noPort{waiting.Done(), cancel})
	told.Wait()
	return errDocuments
}

// Build implements fleet.Port.
func (m *membership) Build(s desired.Settings) (config.Config, error) { return m.local.With(s) }

// Check implements fleet.Port. What only trying can show, the probation shows. For
// hardware that is waited for already no document is to blame, nor for a full disk:
// the port runs without recordings.
func (m *membership) Check(cfg config.Config) error {
	return errors.Join(m.drivers.Check(cfg, !m.port.lacksHardware(cfg), m.log), checkSounds(cfg))
}

// Apply implements fleet.Port.
func (m *membership) Apply(cfg config.Config) (restart []string, err error) { return m.port.apply(cfg) }

// Well implements fleet.Port.
func (m *membership) Well() (link, redis bool) {
	s, ok := m.port.latest()
	return ok && s.Floor.Link, ok && s.Redis
}

// Restart implements fleet.Port: once nobody talks on the channel.
func (m *membership) Restart([]string) {
	m.waits.Go(func() {
		poll, late := time.NewTicker(quietPoll), time.NewTimer(longestQuiet)
		defer poll.Stop()
		defer late.Stop()
		for s, ok := m.port.latest(); ok && (s.Floor.Phase != floor.Idle || s.Taken); s, ok = m.port.latest() {
			select {
			case <-m.port.ended():
				return
			case <-late.C:
			case <-poll.C:
				continue
			}
			break
		}
		m.asked.Store(true)
		m.port.restart()
	})
}

// reportAbsent reports the gateway as absent until waiting ends; what comes then
// reports for itself, but if the process, whose context is ctx, ends, too.
func (m *membership) reportAbsent(ctx, waiting context.Context, store status.ReportStore, why string) {
	began := time.Now()
	beat := status.NewHeartbeat(store, func() desired.Report {
		r := status.Absent(m.local.Config, desired.Line(why), m.agent.Applied())
		r.Up = int64(time.Since(began).Seconds())
		return r
	}, m.local.Status.Report, m.log)
	beat.Keep(waiting)
	if ctx.Err() != nil {
		beat.Goodbye(ctx)
	}
}

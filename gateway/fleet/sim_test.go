package fleet

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// gateways is how many there are in a simulated fleet; make fleet has 1000.
var gateways = flag.Int("gateways", 40, "gateways of the simulated fleet")

func TestMain(m *testing.M) {
	conn.LogTo(slog.New(slog.DiscardHandler))
	flag.Parse()
	os.Exit(m.Run())
}

// badLevel is the configuration with which a simulated gateway has no link.
const badLevel = "error"

// simGateway is all of a gateway that takes part in its fleet: an Agent, with
// connections of its own. Its port is simulated, its link is up unless it is told
// badLevel.
type simGateway struct {
	id    string
	state *redis.Client
	agent *Agent
	local config.Local

	mu      sync.Mutex
	now     config.Config
	changed map[string]time.Time // when a level was first applied
}

func (g *simGateway) Build(s fleet.Settings) (config.Config, error) { return g.local.With(s) }
func (g *simGateway) Check(config.Config) error                     { return nil }
func (g *simGateway) Restart([]string)                              {}

func (g *simGateway) Apply(c config.Config) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = c
	if _, ok := g.changed[c.Log.Level]; !ok {
		g.changed[c.Log.Level] = time.Now()
	}
	return nil, nil
}

func (g *simGateway) Well() (link, redis bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now.Log.Level != badLevel, g.state.Subscription().Connected
}

func (g *simGateway) level() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now.Log.Level
}

func (g *simGateway) report(ctx context.Context) error {
	return g.state.PutReport(ctx, fleet.Report{
		Gateway: g.id, Group: "gates", Name: "Gate " + g.id, Channel: "gates", Version: "v1.2.3", At: time.Now(),
		Applied: g.agent.Applied(), Health: fleet.Health{OnAir: true, Summary: "on air on channel gates", Redis: true, Rights: true},
		Lamps: fleet.Lamps{Link: true}, Floor: fleet.Floor{State: "idle"}, Levels: fleet.Levels{Mic: -60, Speaker: -96},
		Link: fleet.Link{Up: true, RTT: 12, In: &fleet.Quality{Loss: 0.01, Jitter: 3}, Out: &fleet.Quality{}},
	}, 30*time.Second)
}

// simFleet is many of them on one Redis.
type simFleet struct {
	testing.TB
	server *redistest.Server
	admin  *redis.Client
	key    fleet.PrivateKey
	all    []*simGateway
	next   uint64
}

// newSimFleet starts a fleet that is told level info, and waits until that is good
// everywhere. url is the gateways' way to the server.
func newSimFleet(t testing.TB, server *redistest.Server, url string, n int, probation time.Duration) *simFleet {
	t.Helper()
	key, err := fleet.NewKey([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	f := &simFleet{TB: t, server: server, admin: openSim(t, server.URL), key: key, next: 1}
	settings := base("info")
	f.apply(fleet.Defaults, nil, settings)
	// So many on one machine are slow to hear of anything.
	grace := 5 * time.Second
	if n > 100 {
		grace = 20 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	for i := range n {
		g := &simGateway{id: fmt.Sprint("gate", i), state: openSim(t, url), changed: map[string]time.Time{}}
		if g.local, err = config.ParseLocal("local.yaml", fmt.Appendf(nil,
			"version: 1\nidentity: {user_id: %s, user_name: Gate}\nredis: {url: %q}\nfleet: {public_key: %q, group: gates}\n", g.id, url, key.Public().String())); err != nil {
			t.Fatal(err)
		}
		g.agent = New(Options{
			Gateway: g.id, Group: "gates", Keys: []fleet.PublicKey{key.Public()}, Dir: t.TempDir(), Port: g,
			Logger:    slog.New(slog.DiscardHandler),
			Probation: probation, Grace: grace, Aftermath: 10 * time.Second,
		})
		f.all = append(f.all, g)
		running.Go(func() {
			c, err := g.agent.Begin(ctx, g.state)
			if err != nil {
				return
			}
			_, _ = g.Apply(c)
			_ = g.agent.Run(ctx, g.state)
		})
	}
	f.await("the first configuration", func(g *simGateway) bool { return g.agent.Applied().Result == fleet.ResultApplied })
	return f
}

func openSim(t testing.TB, url string) *redis.Client {
	t.Helper()
	c, err := redis.Open(conn.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// apply tells a scope something, and returns its version.
func (f *simFleet) apply(scope fleet.Scope, rollout *fleet.Rollout, s fleet.Settings) uint64 {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	now, err := f.admin.ReadFleet(ctx, scope)
	if err != nil {
		f.Fatal(err)
	}
	f.next++
	at := time.Unix(1764000000, 0).UTC()
	e, err := fleet.Sign(fleet.Document{Scope: scope, Version: f.next, Time: at, Rollout: rollout, Settings: s}, f.key)
	if err != nil {
		f.Fatal(err)
	}
	err = f.admin.ApplyFleet(ctx, fleetstore.Apply{Version: f.next, Time: at, Rollout: rollout, Scopes: []fleet.Scope{scope},
		Changes: []fleetstore.Change{{Old: now.Scopes[scope].Newest, New: e}}})
	if err != nil {
		f.Fatal(err)
	}
	return f.next
}

// simPatience is how long nothing may go on before a test gives up: a thousand
// gateways and the rest of a machine's work take as long as they take.
const simPatience = 3 * time.Minute

// await waits until something holds for every gateway.
func (f *simFleet) await(what string, holds func(*simGateway) bool) {
	f.Helper()
	least := len(f.all) + 1
	for end := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var missing []*simGateway
		for _, g := range f.all {
			if !holds(g) {
				missing = append(missing, g)
			}
		}
		if len(missing) == 0 {
			return
		}
		if len(missing) < least {
			least, end = len(missing), time.Now().Add(simPatience)
		}
		if time.Now().After(end) {
			for _, g := range missing[:min(len(missing), 10)] {
				f.Logf("%s runs with %s, says %+v, hears %+v", g.id, g.level(), g.agent.Applied(), g.state.Subscription())
			}
			f.Fatalf("%d of %d gateways: no %s", len(missing), len(f.all), what)
		}
	}
}

func (f *simFleet) rollout(version uint64) fleetstore.Rollout {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := f.admin.ReadRollout(ctx, version)
	if err != nil {
		f.Fatal(err)
	}
	return r
}

func (f *simFleet) awaitRollout(version uint64, state fleet.State) fleetstore.Rollout {
	f.Helper()
	for end := time.Now().Add(simPatience); ; time.Sleep(50 * time.Millisecond) {
		r := f.rollout(version)
		if r.State == state {
			return r
		}
		if time.Now().After(end) {
			f.Fatalf("the rollout stands at %+v, want %s", r, state)
		}
	}
}

// canaries makes a rollout of a share of the fleet.
func (f *simFleet) canaries(percent float64, hold time.Duration) *fleet.Rollout {
	f.Helper()
	var ids []string
	for _, g := range f.all {
		ids = append(ids, g.id)
	}
	r, err := fleet.Canaries(ids, percent, hold)
	if err != nil {
		f.Fatal(err)
	}
	return r
}

// had says how many gateways ever ran with a level.
func (f *simFleet) had(level string) (n int) {
	for _, g := range f.all {
		g.mu.Lock()
		if _, ok := g.changed[level]; ok {
			n++
		}
		g.mu.Unlock()
	}
	return n
}

// TestABadConfigurationStopsAtTheCanaries: nobody but they ever runs with it, and
// they go back.
func TestABadConfigurationStopsAtTheCanaries(t *testing.T) {
	server := redistest.Start(t)
	f := newSimFleet(t, server, server.URL, *gateways, 2*time.Second)
	rollout := f.canaries(5, 2*time.Second)
	version := f.apply(fleet.Group("gates"), rollout, level(badLevel))
	r := f.awaitRollout(version, fleet.Halted)
	f.await("return to what was before", func(g *simGateway) bool { return g.level() == "info" })
	if n := f.had(badLevel); n != rollout.Canaries {
		t.Errorf("%d gateways ran with it, of %d canaries", n, rollout.Canaries)
	}
	t.Logf("%d of %d gateways ran with it; halted by %s", f.had(badLevel), len(f.all), r.Why)

	version = f.apply(fleet.Group("gates"), rollout, level("warn"))
	r = f.awaitRollout(version, fleet.Open)
	f.await("good configuration", func(g *simGateway) bool { return g.level() == "warn" })
	t.Logf("a good one: %d of %d canaries passed, then all %d have it", r.Passed, r.Canaries, f.had("warn"))
}

// TestRedisFailsInMidRollout restarts Redis, empty, and swallows all that goes to
// it, while canaries try something: no gateway is left with anything but what it
// was told, and what was told goes on.
func TestRedisFailsInMidRollout(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr)
	f := newSimFleet(t, server, proxy.URL, *gateways, 2*time.Second)

	version := f.apply(fleet.Group("gates"), f.canaries(5, 8*time.Second), level("warn"))
	f.awaitRunning("warn")
	proxy.Blackhole()
	time.Sleep(2 * time.Second)
	proxy.Mend()
	mended := time.Now()
	r := f.awaitRollout(version, fleet.Open)
	f.await("what was rolled out through the blackhole", func(g *simGateway) bool {
		return g.level() == "warn" && g.agent.Applied().Result == fleet.ResultApplied
	})
	t.Logf("blackholed for 2 s: %d of %d canaries passed, and all %d have it %v after", r.Passed, r.Canaries, len(f.all), time.Since(mended).Round(time.Second))

	f.apply(fleet.Group("gates"), f.canaries(5, 8*time.Second), level("debug"))
	f.awaitRunning("debug")
	server.Restart()
	restarted := time.Now()
	f.await("word that Redis has lost its documents", func(g *simGateway) bool {
		return g.agent.Applied().Result == fleet.ResultRefused && strings.Contains(g.agent.Applied().Error, "Redis has lost it")
	})
	t.Logf("restarted empty: all %d say so %v after", len(f.all), time.Since(restarted).Round(time.Second))
	for _, g := range f.all {
		if l := g.level(); l != "warn" && l != "debug" {
			t.Fatalf("%s runs with %s", g.id, l)
		}
	}
	// The operator applies the same file again, and all have it.
	f.apply(fleet.Defaults, nil, base("info"))
	f.apply(fleet.Group("gates"), nil, level("debug"))
	applied := time.Now()
	f.await("what was applied again", func(g *simGateway) bool {
		return g.level() == "debug" && g.agent.Applied().Result == fleet.ResultApplied
	})
	t.Logf("applied again: all %d have it %v after", len(f.all), time.Since(applied).Round(time.Second))
}

func (f *simFleet) awaitRunning(level string) {
	f.Helper()
	for end := time.Now().Add(simPatience); f.had(level) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.Fatalf("no canary tries %s", level)
		}
	}
}

// quantile is of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(float64(len(sorted))*q), len(sorted)-1)].Round(10 * time.Microsecond)
}

// applied is how long each gateway took from the operator's apply to Apply.
func (f *simFleet) applied(level string, settings fleet.Settings) []time.Duration {
	f.Helper()
	for _, g := range f.all {
		g.mu.Lock()
		delete(g.changed, level)
		g.mu.Unlock()
	}
	began := time.Now()
	f.apply(fleet.Defaults, nil, settings)
	f.await(level, func(g *simGateway) bool { return g.level() == level })
	var took []time.Duration
	for _, g := range f.all {
		g.mu.Lock()
		took = append(took, g.changed[level].Sub(began))
		g.mu.Unlock()
	}
	slices.Sort(took)
	return took
}

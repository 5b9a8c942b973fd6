package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/fleetstore"
)

const patience = 10 * time.Minute

// fakeRedis has the fleet's documents.
type fakeRedis struct {
	mu     sync.Mutex
	view   fleetstore.View
	fresh  chan struct{}
	away   bool
	judged map[uint64]string
}

func (r *fakeRedis) WatchFleet(ctx context.Context, _ []fleet.Scope, fn func(fleetstore.View)) error {
	for {
		r.mu.Lock()
		v := r.view
		if r.away {
			v = fleetstore.View{}
		}
		fresh := r.fresh
		r.mu.Unlock()
		fn(v)
		select {
		case <-ctx.Done():
			return nil
		case <-fresh:
		case <-time.After(30 * time.Second):
		}
	}
}

func (r *fakeRedis) ReportCanary(_ context.Context, version uint64, _, failure string) (fleet.State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return "", errors.New("away")
	}
	if failure == "" {
		failure = "passed"
	}
	r.judged[version] = failure
	return fleet.Trying, nil
}

// fakePort applies what it is told; a channel takes a restart.
type fakePort struct {
	local    config.Local
	mu       sync.Mutex
	now      config.Config
	broken   bool // link and Redis are away, whatever is applied
	bad      string
	restarts []string
	applied  int
}

func (p *fakePort) Build(s fleet.Settings) (config.Config, error) { return p.local.With(s) }
func (p *fakePort) Check(c config.Config) error {
	if c.Talk.MaxTalk == 13*time.Second {
		return errors.New("the line is not there")
	}
	return nil
}

func (p *fakePort) Apply(c config.Config) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.applied++
	if c.Channel != p.now.Channel {
		return []string{"channel"}, nil
	}
	p.now = c
	return nil, nil
}

func (p *fakePort) Restart(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restarts = append(p.restarts, strings.Join(keys, " "))
}

func (p *fakePort) Well() (link, redis bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bad == "" || p.now.Log.Level != p.bad && p.now.Channel != p.bad, !p.broken
}

func (p *fakePort) set(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

// world is an agent and what surrounds it.
type world struct {
	*testing.T
	key   fleet.PrivateKey
	redis *fakeRedis
	port  *fakePort
	dir   string
	agent *Agent
	stop  func()
	docs  map[fleet.Scope]fleet.Stored
	least map[fleet.Scope]fleet.Mark
}

func inBubble(t *testing.T, body func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		key, err := fleet.NewKey([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		local, err := config.ParseLocal("local.yaml", fmt.Appendf(nil, `version: 1
identity: {user_id: north, user_name: North}
redis: {url: "redis://127.0.0.1"}
fleet: {public_key: "%v", group: gates}
`, key.Public()))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{
			T: t, key: key, dir: dir, docs: map[fleet.Scope]fleet.Stored{},
			redis: &fakeRedis{fresh: make(chan struct{}), judged: map[uint64]string{}}, port: &fakePort{local: local},
		}
		body(w)
		if w.stop != nil {
			w.stop()
		}
	})
}

// begin starts the process: it runs with what it is given.
func (w *world) begin() {
	w.Helper()
	if w.stop != nil {
		w.stop()
	}
	w.agent = w.newAgent()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	c, err := w.agent.Begin(ctx, w.redis)
	if err != nil {
		w.Fatal(err)
	}
	w.port.set(func() { w.port.now = c })
	done := make(chan error, 1)
	go func() { done <- w.agent.Run(ctx, w.redis) }()
	w.stop = func() { cancel(); <-done; w.stop = nil }
	synctest.Wait()
}

func (w *world) newAgent() *Agent {
	return New(Options{
		Gateway: "north", Group: "gates", Keys: []fleet.PublicKey{w.key.Public()}, Least: w.least, Dir: w.dir, Port: w.port,
		Logger: slog.New(slog.NewTextHandler(w.Output(), nil)), Probation: time.Minute, Grace: 20 * time.Second, Aftermath: 10 * time.Second,
	})
}

// tell is an apply of one document, with the one before as the settled one.
func (w *world) tell(scope fleet.Scope, version uint64, rollout *fleet.Rollout, settings fleet.Settings) {
	w.Helper()
	e, err := fleet.Sign(fleet.Document{Scope: scope, Version: version, Time: time.Unix(1764000000, 0).UTC(), Rollout: rollout, Settings: settings}, w.key)
	if err != nil {
		w.Fatal(err)
	}
	s := w.docs[scope]
	s = fleet.Stored{Newest: e, Settled: s.Newest}
	if rollout != nil {
		s.State = fleet.Trying
	}
	w.store(scope, s)
}

func (w *world) store(scope fleet.Scope, s fleet.Stored) {
	w.docs[scope] = s
	w.redis.mu.Lock()
	w.redis.view = fleetstore.View{Known: true, Scopes: map[fleet.Scope]fleet.Stored{}}
	for scope, s := range w.docs {
		w.redis.view.Scopes[scope] = s
	}
	close(w.redis.fresh)
	w.redis.fresh = make(chan struct{})
	w.redis.mu.Unlock()
}

func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) expect(level string, result fleet.Result, version uint64, says string) {
	w.Helper()
	synctest.Wait()
	w.port.mu.Lock()
	now := w.port.now
	w.port.mu.Unlock()
	if a := w.agent.Applied(); now.Log.Level != level || a.Result != result || a.Version != version || !strings.Contains(a.Error, says) {
		w.Fatalf("runs with %s, says %+v; want %s, %s %d %q", now.Log.Level, a, level, result, version, says)
	}
}

func base(level string) fleet.Settings {
	return fleet.Settings{"channel": "gates", "link.kind": "hub", "link.url": "http://hub", "link.token_file": "t", "hardware.driver": "sim", "log.level": level}
}

func level(level string) fleet.Settings { return fleet.Settings{"log.level": level} }

// everybody makes every gateway a canary.
func everybody(hold time.Duration) *fleet.Rollout {
	return &fleet.Rollout{Upto: 1<<32 - 1, Canaries: 1, HoldSeconds: int(hold / time.Second)}
}

func TestNewDocumentsTakeEffectAndProveThemselves(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 1, nil, base("warn"))
		w.begin()
		w.expect("warn", fleet.ResultPending, 1, "")
		w.pass(time.Minute)
		w.expect("warn", fleet.ResultApplied, 1, "")
		w.tell(fleet.Group("gates"), 2, nil, level("error"))
		w.expect("error", fleet.ResultPending, 2, "")
		w.tell(fleet.Gateway("north"), 3, nil, level("debug"))
		w.expect("debug", fleet.ResultPending, 3, "")
		w.pass(time.Minute + time.Second)
		w.expect("debug", fleet.ResultApplied, 3, "")

		// Redis is away: it begins with what it knows.
		w.redis.away = true
		w.begin()
		w.expect("debug", fleet.ResultApplied, 3, "")
		if w.port.applied != 2 {
			t.Errorf("applied %d times", w.port.applied)
		}
	})
}

func TestItWaitsForItsFirstDocuments(t *testing.T) {
	inBubble(t, func(w *world) {
		w.redis.away = true
		time.AfterFunc(time.Minute, func() {
			w.redis.mu.Lock()
			w.redis.away = false
			w.redis.mu.Unlock()
			w.tell(fleet.Group("gates"), 1, nil, level("warn")) // not enough
		})
		time.AfterFunc(2*time.Minute, func() { w.tell(fleet.Defaults, 2, nil, base("info")) })
		w.begin()
		w.expect("warn", fleet.ResultPending, 2, "")
	})
}

// TestThereIsNothingToReturnTo: first documents stay, and are good once link and
// Redis are there, however long that takes.
func TestThereIsNothingToReturnTo(t *testing.T) {
	inBubble(t, func(w *world) {
		w.port.broken = true
		w.tell(fleet.Defaults, 1, nil, base("info"))
		w.begin()
		w.pass(5 * time.Minute)
		w.expect("info", fleet.ResultPending, 1, "")
		w.port.set(func() { w.port.broken = false })
		w.pass(2 * time.Minute)
		w.expect("info", fleet.ResultApplied, 1, "")
	})
}

// TestItReturnsByItself is a document with which the gateway loses its link.
func TestItReturnsByItself(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 1, nil, base("info"))
		w.begin()
		w.pass(2 * time.Minute)
		w.port.set(func() { w.port.bad = "debug" })
		w.tell(fleet.Defaults, 2, everybody(10*time.Minute), base("debug"))
		w.expect("debug", fleet.ResultPending, 2, "")
		w.pass(22 * time.Second)
		w.expect("info", fleet.ResultRolledBack, 1, "link or Redis")
		w.pass(2 * time.Second)
		if got := w.redis.judged[2]; !strings.Contains(got, "link or Redis") {
			t.Errorf("the rollout was told %q", got)
		}
		w.pass(time.Hour)
		w.expect("info", fleet.ResultRolledBack, 1, "link or Redis")
		if w.port.applied != 2 {
			t.Errorf("it was applied and taken back, and then: %d", w.port.applied)
		}
		w.begin() // nor does a restart try it again
		w.pass(time.Minute)
		w.expect("info", fleet.ResultRolledBack, 1, "link or Redis")
		w.tell(fleet.Defaults, 3, nil, base("warn"))
		w.pass(2 * time.Minute)
		w.expect("warn", fleet.ResultApplied, 3, "")
	})
}

// TestRedisIsAwayMeanwhile: an outage is not the document's fault.
func TestRedisIsAwayMeanwhile(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 1, nil, base("info"))
		w.begin()
		w.pass(2 * time.Minute)
		w.tell(fleet.Defaults, 2, everybody(0), base("warn"))
		outage := func(away bool) {
			w.port.set(func() { w.port.broken = away })
			w.redis.mu.Lock()
			w.redis.away = away
			w.redis.mu.Unlock()
		}
		w.pass(time.Second)
		outage(true)
		w.pass(25 * time.Second)
		w.expect("info", fleet.ResultRolledBack, 1, "")
		w.pass(20 * time.Second)
		outage(false)
		w.pass(3 * time.Second)
		w.expect("warn", fleet.ResultPending, 2, "")
		w.pass(time.Minute)
		w.expect("warn", fleet.ResultApplied, 2, "")
		if w.redis.judged[2] != "passed" {
			t.Errorf("judged %q", w.redis.judged[2])
		}
	})
}

// TestRedisIsBackAsSoonAsTheOldDocumentsAre: once or twice that is chance, thrice it
// is not.
func TestRedisIsBackAsSoonAsTheOldDocumentsAre(t *testing.T) {
	for _, thrice := range []bool{false, true} {
		inBubble(t, func(w *world) {
			w.tell(fleet.Defaults, 1, nil, base("info"))
			w.begin()
			w.pass(2 * time.Minute)
			w.tell(fleet.Defaults, 2, everybody(0), base("warn"))
			w.pass(time.Second)
			outage := func() {
				w.port.set(func() { w.port.broken = true })
				w.pass(25 * time.Second)
				w.expect("info", fleet.ResultRolledBack, 1, "")
				w.port.set(func() { w.port.broken = false })
				w.pass(3 * time.Second)
			}
			for range chances - 1 {
				outage()
				w.expect("warn", fleet.ResultPending, 2, "")
			}
			if thrice {
				outage()
				w.pass(time.Hour)
				w.expect("info", fleet.ResultRolledBack, 1, "link or Redis")
				if w.redis.judged[2] == "passed" {
					t.Error("it passed")
				}
				return
			}
			w.pass(2 * time.Minute)
			w.expect("warn", fleet.ResultApplied, 2, "")
		})
	}
}

// TestARestartIsOnProbationToo is a document that takes a restart, and with which
// the process then does not stay up.
func TestARestartIsOnProbationToo(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 1, nil, base("info"))
		w.begin()
		w.pass(2 * time.Minute)
		bad := base("info")
		bad["channel"] = "yard"
		w.tell(fleet.Defaults, 2, everybody(time.Hour), bad)
		synctest.Wait()
		if a := w.agent.Applied(); w.port.restarts[0] != "channel" || a.Result != fleet.ResultPending || len(a.Restart) != 1 || a.Version != 1 {
			t.Fatalf("%v, %+v", w.port.restarts, a)
		}
		channel := func(want string) {
			t.Helper()
			if w.port.now.Channel != want {
				t.Fatalf("on channel %s, want %s", w.port.now.Channel, want)
			}
		}
		w.begin()
		channel("yard")
		w.begin() // power fails
		channel("yard")
		w.begin() // and again
		channel("gates")
		w.expect("info", fleet.ResultRolledBack, 1, "ended 2 times")
		if got := w.redis.judged[2]; !strings.Contains(got, "ended 2 times") {
			t.Errorf("judged %q", got)
		}

		// One that stays up and has no link.
		bad["channel"] = "attic"
		w.port.bad = "attic"
		w.tell(fleet.Defaults, 3, everybody(time.Hour), bad)
		synctest.Wait()
		w.begin()
		channel("attic")
		w.pass(25 * time.Second)
		if n := len(w.port.restarts); n != 3 {
			t.Fatalf("restarts: %q", w.port.restarts)
		}
		w.begin()
		channel("gates")
		w.pass(2 * time.Second)
		w.expect("info", fleet.ResultRolledBack, 1, "link or Redis")
		if got := w.redis.judged[3]; !strings.Contains(got, "link or Redis") {
			t.Errorf("judged %q", got)
		}
	})
}

func TestWhatIsRefusedLeavesEverythingAsItIs(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 7, nil, base("info"))
		w.begin()
		w.pass(2 * time.Minute)
		good := w.docs[fleet.Defaults]
		foreign, _ := fleet.NewKey([]byte(strings.Repeat("f", 32)))
		for says, e := range map[string]fleet.Envelope{
			"forged":                  fleet.Envelope(strings.Replace(string(good.Newest), "info", "warn", 1)),
			"malformed":               good.Newest[:40],
			"unsigned":                `{"scope":"defaults"}`,
			"at most":                 fleet.Envelope(strings.Repeat("x", 1<<20)),
			"not the fleet's":         w.signed(foreign, fleet.Defaults, 9),
			"foreign":                 w.signed(w.key, fleet.Group("other"), 9),
			"replayed":                w.signed(w.key, fleet.Defaults, 6),
			"Redis has lost it":       "",
			"the line is not there":   w.signed(w.key, fleet.Defaults, 8, "talk.max_talk", "13s"),
			"talk.max_talk: expected": w.signed(w.key, fleet.Defaults, 8, "talk.max_talk", "soon"),
			"redis.url":               w.signed(w.key, fleet.Defaults, 8, "redis.url", "redis://evil"),
		} {
			w.store(fleet.Defaults, fleet.Stored{Newest: e})
			synctest.Wait()
			a := w.agent.Applied()
			if a.Version != 7 || !strings.Contains(a.Error, says) || a.Result == fleet.ResultApplied || w.port.applied != 0 {
				t.Errorf("%s: %+v, applied %d times", says, a, w.port.applied)
			}
			w.agent.mem.Marks[fleet.Defaults] = fleet.Mark{Seen: 7, Settled: 7}
			w.agent.mem.Bad = nil
			w.store(fleet.Defaults, good)
			w.expect("info", fleet.ResultApplied, 7, "")
		}
	})
}

// TestReflashedBoard: a gateway that remembers nothing obeys nothing older than its own
// file says.
func TestReflashedBoard(t *testing.T) {
	for _, tc := range []struct {
		least  uint64
		obeyed bool
	}{{6, true}, {7, true}, {8, false}} {
		inBubble(t, func(w *world) {
			w.least = map[fleet.Scope]fleet.Mark{fleet.Defaults: {Seen: tc.least, Settled: tc.least}}
			w.tell(fleet.Defaults, 7, nil, base("info"))
			ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
			defer cancel()
			if _, err := w.newAgent().Begin(ctx, w.redis); (err == nil) != tc.obeyed {
				w.Errorf("version 7 with a least version of %d: %v", tc.least, err)
			}
		})
	}
}

func (w *world) signed(key fleet.PrivateKey, scope fleet.Scope, version uint64, pair ...string) fleet.Envelope {
	s := base("info")
	if pair != nil {
		s[pair[0]] = pair[1]
	}
	e, err := fleet.Sign(fleet.Document{Scope: scope, Version: version, Time: time.Unix(0, 0).UTC(), Settings: s}, key)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// TestHaltedGoesBack is a canary that passed in a rollout that another halted.
func TestHaltedGoesBack(t *testing.T) {
	inBubble(t, func(w *world) {
		w.tell(fleet.Defaults, 1, nil, base("info"))
		w.begin()
		w.pass(2 * time.Minute)
		w.tell(fleet.Defaults, 2, everybody(0), base("warn"))
		w.pass(2 * time.Minute)
		w.expect("warn", fleet.ResultApplied, 2, "")
		s := w.docs[fleet.Defaults]
		s.State = fleet.Halted
		w.store(fleet.Defaults, s)
		w.pass(2 * time.Minute)
		w.expect("info", fleet.ResultApplied, 1, "")
	})
}

func TestAMemoryThatIsNotTheFleets(t *testing.T) {
	for name, text := range map[string]string{
		"torn":    `{"good":`,
		"forged":  `{"good":{"defaults":"talkgate-fleet-1 0123456789abcdef AAAA\n{}"}}`,
		"trapped": `{"trial":{"defaults":"x"},"starts":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				if err := os.WriteFile(filepath.Join(w.dir, memoryFile), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				w.tell(fleet.Defaults, 2, nil, base("info"))
				w.begin()
				w.pass(2 * time.Minute)
				w.expect("info", fleet.ResultApplied, 2, "")
			})
		})
	}
}

package redis

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// scene is one talker in mid-spurt: its own way to Redis through a proxy, and a
// control plane with a way of its own.
type scene struct {
	t      *testing.T
	server *redistest.Server // the master at the start
	group  *redistest.Group  // nil without Sentinels
	proxy  *redistest.Proxy  // nil with Sentinels
	url    string            // the talker's
	admin  *Client
}

// failure is one way in which Redis or the network can fail.
type failure struct {
	name string
	// args are the server's; sentinels makes it a group of three.
	args      []string
	sentinels bool
	// hurt does it; mend ends it.
	hurt, mend func(s *scene)
	// loses says that the failure itself takes the right away, or whatever could
	// vouch for it; otherwise it is revoked at the same moment.
	loses bool
}

func revoke(s *scene) {
	if _, err := s.admin.RevokeRights(context.Background(), "u1", "m1"); err != nil {
		s.t.Error(err)
	}
}

func nothing(*scene) {}

func mendProxy(s *scene) { s.proxy.Mend() }

func failures() []failure {
	return []failure{
		{name: "connection closed", hurt: func(s *scene) { s.proxy.Cut() }, mend: mendProxy},
		{name: "connection reset", hurt: func(s *scene) { s.proxy.Spoil("reset_peer", "downstream", "timeout", 0) }, mend: mendProxy},
		{name: "blackhole both ways", hurt: func(s *scene) { s.proxy.Blackhole() }, mend: mendProxy},
		{name: "half open: nothing comes back", hurt: func(s *scene) { s.proxy.Spoil("timeout", "downstream", "timeout", 0) }, mend: mendProxy},
		{name: "half open: nothing goes out", hurt: func(s *scene) { s.proxy.Spoil("timeout", "upstream", "timeout", 0) }, mend: mendProxy},
		{name: "latency 400 ms", hurt: func(s *scene) { s.proxy.Spoil("latency", "downstream", "latency", 400) }, mend: mendProxy},
		{name: "slow bytes", hurt: func(s *scene) {
			s.proxy.Spoil("slicer", "downstream", "average_size", 2, "size_variation", 1, "delay", 20_000)
		}, mend: mendProxy},
		{name: "CLIENT KILL, all of them", hurt: func(s *scene) {
			s.server.Do("CLIENT", "KILL", "TYPE", "pubsub")
			s.server.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		}, mend: nothing},
		{name: "CLIENT PAUSE 2 s", hurt: func(s *scene) { s.server.Do("CLIENT", "PAUSE", "2000", "ALL") }, loses: true, mend: nothing},
		{name: "SCRIPT FLUSH", hurt: func(s *scene) { s.server.Do("SCRIPT", "FLUSH") }, mend: nothing},
		{name: "FLUSHALL", hurt: func(s *scene) { s.server.Do("FLUSHALL") }, mend: nothing, loses: true},
		{name: "server killed, restarted empty", hurt: func(s *scene) { s.server.Kill() }, mend: func(s *scene) { s.server.Restart() }, loses: true},
		{name: "server stopped (SIGSTOP)", hurt: func(s *scene) { s.server.Signal(syscall.SIGSTOP) }, mend: func(s *scene) { s.server.Signal(syscall.SIGCONT) }, loses: true},
		{name: "allkeys-lru under pressure", args: []string{"--maxmemory", "6mb", "--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "10"},
			hurt: evict, mend: func(s *scene) { s.server.Do("FLUSHALL") }, loses: true},
		{name: "out of memory, noeviction", hurt: func(s *scene) { s.server.Do("CONFIG", "SET", "maxmemory", "1") },
			mend: func(s *scene) { s.server.Do("CONFIG", "SET", "maxmemory", "0") }},
		{name: "master turned read-only replica", hurt: func(s *scene) { s.server.Do("REPLICAOF", "127.0.0.1", "1") }, mend: func(s *scene) { s.server.Do("REPLICAOF", "NO", "ONE") }, loses: true},
		{name: "server's clock an hour back", hurt: func(s *scene) {
			// The counter is then an hour ahead of the clock.
			s.server.Do("SET", keyEpoch("m1"), time.Now().Add(time.Hour).UnixMilli())
		}, mend: nothing},
		{name: "failover in mid-spurt", sentinels: true, hurt: func(s *scene) { s.server.Kill() }, mend: nothing, loses: true},
	}
}

// evict fills the server until the lock or the rights are gone.
func evict(s *scene) {
	rdb := s.server.Client()
	ctx := context.Background()
	for n := 0; n < 200_000; n += 100 {
		p := rdb.Pipeline()
		for i := range 100 {
			p.Set(ctx, fmt.Sprint("filler:", n+i), strings.Repeat("x", 200), 0)
		}
		p.Exec(ctx)
		if rdb.Exists(ctx, keyLock("m1"), keyRights("u1")).Val() < 2 {
			return
		}
	}
	// The lock is read and written all the time: what eviction spares, it
	// spares. It is taken away as if it had been chosen.
	rdb.Del(ctx, keyLock("m1"))
}

// outcome is what a failure did.
type outcome struct {
	// late is how long the gate stayed open after the right was lost.
	late time.Duration
	// again is how long after the failure ended a press was granted.
	again time.Duration
	// why is what shut the gate, in the talker's words.
	why string
}

func play(t *testing.T, f failure) (o outcome) {
	s := &scene{t: t}
	if f.sentinels {
		s.group = redistest.StartGroup(t)
		s.server, s.url = s.group.Master(), s.group.URL
		s.admin = open(t, s.group.URL)
	} else {
		s.server = redistest.Start(t, f.args...)
		s.proxy = redistest.NewProxy(t, s.server.Addr)
		s.url, s.admin = s.proxy.URL, open(t, s.server.URL)
	}
	ctx := redistest.Context(t)
	redistest.Must[[]string](t)(s.admin.GrantRights(ctx, "u1", "m1"))
	k := newTalker(open(t, s.url), "m1", "u1")
	k.start()
	t.Cleanup(k.stop)
	redistest.Until(t, "a grant", func() bool { return k.press(ctx).Verdict == Granted })
	time.Sleep(2 * testLease / 3) // some renewals
	if open, _ := k.open(); !open {
		t.Fatal("the spurt ended before anything failed: ", k.why)
	}

	// With f.loses the right goes at some time within hurt; else right after it.
	var lost time.Time
	if f.loses {
		lost = time.Now()
		f.hurt(s)
		if s.proxy != nil && f.args != nil {
			lost = time.Now()
		}
	} else {
		f.hurt(s)
		lost = time.Now()
		go revoke(s) // may itself have to wait
	}
	for end := time.Now().Add(3 * testLease); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if open, _ := k.open(); open {
			o.late = time.Since(lost)
		}
	}
	k.mu.Lock()
	o.why = k.why
	if k.talking {
		o.why = "lease"
	}
	k.mu.Unlock()

	f.mend(s)
	mended := time.Now()
	redistest.Until(t, "the right to talk given back", func() bool {
		_, err := s.admin.GrantRights(ctx, "u1", "m1")
		return err == nil
	})
	redistest.Until(t, "talk again", func() bool { return k.press(ctx).Verdict == Granted })
	o.again = time.Since(mended)
	k.release()
	return o
}

// After every failure that Redis and the network can produce, who lost the right
// is silent within the lease, and talk works again once the failure is over.
func TestFailures(t *testing.T) {
	table := flag.Lookup("failures").Value.String()
	if table == "" {
		t.Parallel() // with figures to print, one at a time
	}
	var mu sync.Mutex
	rows := make([]string, len(failures()))
	t.Run("scenes", func(t *testing.T) {
		for i, f := range failures() {
			t.Run(f.name, func(t *testing.T) {
				if table == "" {
					t.Parallel()
				}
				o := play(t, f)
				t.Logf("silent after %v by %s, talk again after %v", o.late, o.why, o.again)
				// The lease is kept to exactly in virtual time (the port's tests);
				// here the machine may be late to look, but not by another lease.
				if o.late >= 2*testLease {
					t.Errorf("heard for %v without the right, the lease is %v", o.late, testLease)
				}
				mu.Lock()
				defer mu.Unlock()
				rows[i] = fmt.Sprintf("| %s | no | %d ms | %s | %d ms |", f.name, o.late.Milliseconds(), o.why, o.again.Milliseconds())
			})
		}
	})
	if table == "" || t.Failed() {
		return
	}
	if err := writeTable(table, rows); err != nil {
		t.Fatal(err)
	}
}

// writeTable puts the rows between the marks of a document.
func writeTable(file string, rows []string) error {
	const from, to = "<!-- failures: written by make failures -->\n", "<!-- end of failures -->"
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(b), from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		return fmt.Errorf("%s: expected the marks %q and %q, found none", file, from, to)
	}
	text := head + from + "\n| failure in mid-spurt | heard without the right beyond the lease | silent after | shut by | talk again after |\n|---|---|---|---|---|\n" +
		strings.Join(rows, "\n") + "\n\n" + to + tail
	return os.WriteFile(file, []byte(text), 0o644)
}

// holdEnv makes the test's binary a process that holds the floor until it is
// killed.
const holdEnv = "TALKGATE_TEST_HOLD"

// hold is that process.
func hold(url string) error {
	c, err := Open(conn.Config{URL: url})
	if err != nil {
		return err
	}
	k := newTalker(c, "m1", "u1")
	k.start()
	if d := k.press(context.Background()); d.Verdict != Granted {
		return fmt.Errorf("not granted: %+v", d)
	}
	fmt.Println("holds")
	select {}
}

// A holder that is killed leaves a lock, and the lock's life is the longest
// anybody waits for it.
func TestFloorIsFreeAfterItsHolderIsKilled(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	ctx, c, rdb := redistest.Context(t), open(t, s.URL), s.Client()
	member(t, rdb, "u1", "m1")
	member(t, rdb, "u2", "m1")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+s.URL)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(testTTL + testLease) // it renews, or the lock would be gone
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u2"))); d.Verdict != Busy || d.Holder.UserID != "u1" {
		t.Fatalf("while its holder lives: %+v", d)
	}
	cmd.Process.Kill()
	cmd.Wait()
	// The bound is the lock's own TTL at this moment, by Redis's clock.
	left := rdb.PTTL(ctx, keyLock("m1")).Val()
	if left <= 0 || left > testTTL {
		t.Fatalf("the lock of the dead lives for %v, expected at most %v", left, testTTL)
	}
	views := watchFloor(t, c, "m1")
	redistest.Await(t, views, "a free floor", func(v FloorView) bool { return v.Known && v.Holder == nil })
	if d := redistest.Must[Decision](t)(c.Acquire(ctx, claim("m1", "u2"))); d.Verdict != Granted {
		t.Fatalf("after its holder's death: %+v", d)
	}
}

// Two masters that do not know of each other, as after a failover that lost the
// lock: epochs still grow, so that a receiver that saw the new one refuses the old.
func TestEpochsGrowAcrossMasters(t *testing.T) {
	ctx := redistest.Context(t)
	var last uint64
	for i := range 4 {
		s := redistest.Start(t)
		member(t, s.Client(), "u1", "m1")
		d := redistest.Must[Decision](t)(open(t, s.URL).Acquire(ctx, claim("m1", "u1")))
		if d.Epoch <= last {
			t.Errorf("master %d grants epoch %s after %d", i, strconv.FormatUint(d.Epoch, 10), last)
		}
		last = d.Epoch
	}
}

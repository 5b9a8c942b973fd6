package redistest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// MasterName is what the Sentinels of a Group call its master.
const MasterName = "floor"

// Group is a master with two replicas, watched by three Sentinels.
type Group struct {
	// URL is for a client that asks the Sentinels.
	URL string
	// Servers are the three servers; the first starts as the master.
	Servers [3]*Server

	t         testing.TB
	sentinels []string
}

// StartGroup runs a Group until the test ends, and waits until it could fail
// over.
func StartGroup(t testing.TB) *Group {
	t.Helper()
	g := &Group{t: t}
	g.Servers[0] = Start(t)
	host, port, _ := net.SplitHostPort(g.Servers[0].Addr)
	for i := 1; i < len(g.Servers); i++ {
		g.Servers[i] = Start(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	}
	for range 3 {
		g.sentinels = append(g.sentinels, g.startSentinel(host, port))
	}
	query := url.Values{"master_name": {MasterName}, "addr": g.sentinels[1:]}
	g.URL = "redis://" + g.sentinels[0] + "?" + query.Encode()
	for range 400 {
		if g.ready() {
			return g
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the Sentinels do not find each other and the replicas")
	return nil
}

func (g *Group) startSentinel(host, port string) string {
	g.t.Helper()
	own := strconv.Itoa(FreePort(g.t))
	conf := filepath.Join(g.t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf(`port %[1]s
bind 127.0.0.1
dir %[2]s
sentinel monitor %[3]s %[4]s %[5]s 2
sentinel down-after-milliseconds %[3]s 500
sentinel failover-timeout %[3]s 5000
sentinel parallel-syncs %[3]s 2
`, own, filepath.Dir(conf), MasterName, host, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
	cmd := exec.Command("redis-sentinel", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		g.t.Fatalf("start redis-sentinel: %v; install it (apt-get install redis-sentinel)", err)
	}
	g.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return net.JoinHostPort("127.0.0.1", own)
}

// ready says whether every Sentinel knows two more and two replicas in step.
func (g *Group) ready() bool {
	for _, addr := range g.sentinels {
		out, err := exec.Command("redis-cli", "-u", "redis://"+addr, "SENTINEL", "MASTER", MasterName).Output()
		fields := strings.Split(string(out), "\n")
		known := map[string]string{}
		for i := 0; i+1 < len(fields); i += 2 {
			known[fields[i]] = fields[i+1]
		}
		if err != nil || known["num-slaves"] != "2" || known["num-other-sentinels"] != "2" || known["flags"] != "master" {
			return false
		}
		out, err = exec.Command("redis-cli", "-u", "redis://"+addr, "SENTINEL", "REPLICAS", MasterName).Output()
		if err != nil || strings.Count(string(out), "master-link-status\nok") != 2 {
			return false
		}
	}
	return true
}

// Master is the server the Sentinels take for the master now.
func (g *Group) Master() *Server {
	g.t.Helper()
	for _, addr := range g.sentinels {
		out, err := exec.Command("redis-cli", "-u", "redis://"+addr, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName).Output()
		f := strings.Fields(string(out))
		if err != nil || len(f) != 2 {
			continue
		}
		for _, s := range g.Servers {
			if s.Addr == net.JoinHostPort(f[0], f[1]) {
				return s
			}
		}
	}
	g.t.Fatal("no Sentinel knows the master")
	return nil
}

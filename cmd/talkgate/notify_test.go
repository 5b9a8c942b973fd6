package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is the far end of $NOTIFY_SOCKET.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// newManager stands in for systemd: processes started from now on talk to it.
func newManager(t *testing.T, watchdog time.Duration) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "")
	if watchdog > 0 {
		t.Setenv("WATCHDOG_USEC", strings.TrimSuffix(watchdog.String(), "s")+"000000")
	}
	return &manager{t: t, conn: conn}
}

// until reads up to a message that starts with want.
func (m *manager) until(want string) {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		m.t.Fatal(err)
	}
	buf, seen := make([]byte, 4096), []string{}
	for {
		n, err := m.conn.Read(buf)
		if err != nil {
			m.t.Fatalf("never told %q but %q: %v", want, seen, err)
		}
		if strings.HasPrefix(string(buf[:n]), want) {
			return
		}
		seen = append(seen, string(buf[:n]))
	}
}

// TestServiceOfAPort is what systemd sees of a port: it starts before there is
// anything to connect to, comes on air, reloads, and stops.
func TestServiceOfAPort(t *testing.T) {
	s := newSite(t)
	s.revoke("north")
	m := newManager(t, time.Second)
	north := s.prepare("north")
	p := start(t, "north", "run", "--config", north)
	m.until("STATUS=on channel gates, waiting for talk rights")
	m.until("EXTEND_TIMEOUT_USEC=1000000")
	s.grant("north")
	m.until("READY=1")
	m.until("WATCHDOG=1")
	p.say("press")
	m.until("STATUS=on air on channel gates, talking")
	p.until(`^state=talking`)
	p.say("release")
	m.until("STATUS=on air on channel gates")
	p.until(`^state=idle`) // a press before would go on with this talk spurt, as it was timed

	text, err := os.ReadFile(north)
	if err != nil {
		t.Fatal(err)
	}
	s.write("north.yaml", string(text)+"log: {level: debug}\ntalk: {max_talk: 1s}\nkey: {lead: 1s}\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.until("RELOADING=1\nMONOTONIC_USEC=")
	p.until(`msg="configuration is reloaded; some changes wait for a restart" .*keys=\[key.lead\]`)
	m.until("READY=1")
	p.say("press") // and what does not wait has taken effect
	p.until(`^state=refused .*why="talked for too long"`)
	p.say("release")
	s.write("north.yaml", "version: 9\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.until(`msg="configuration is not reloaded;`)
	m.until("READY=1")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.until("STOPPING=1")
	if code := p.exit(time.Now()); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestServiceOfAHub: ready once it answers, alive while it does.
func TestServiceOfAHub(t *testing.T) {
	m := newManager(t, time.Second)
	s := newSite(t)
	m.until("READY=1")
	m.until("WATCHDOG=1")
	if err := s.hub.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.until("STOPPING=1")
}

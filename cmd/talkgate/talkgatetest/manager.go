package talkgatetest

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Manager is the far end of $NOTIFY_SOCKET.
type Manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// NewManager stands in for systemd: processes started from now on talk to it.
func NewManager(t *testing.T, watchdog time.Duration) *Manager {
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
	return &Manager{t: t, conn: conn}
}

// Until reads up to a message that starts with want.
func (m *Manager) Until(want string) {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(Patience)); err != nil {
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

// Package livekittest runs real LiveKit servers for tests.
package livekittest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/livekit/room"
)

// buildTime bounds the building of the server, once a machine.
const buildTime = 30 * time.Minute

// KeyText is the key of every server here.
const KeyText = "talkgate: secret-of-the-tests-32-bytes-and-more"

// Server is a livekit-server of its own on loopback.
type Server struct {
	// URL is that of its signalling.
	URL string

	t      testing.TB
	path   string
	config string
	dir    string
	cmd    *exec.Cmd // nil while it does not run
	ended  chan struct{}
}

// Key is KeyText.
func Key(t testing.TB) room.Key {
	t.Helper()
	k, err := room.ParseKey(KeyText)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// binary is the path of the server, which is built if this machine has none.
func binary() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	build := exec.CommandContext(ctx, filepath.Join(filepath.Dir(here), "server.sh"))
	var complaints bytes.Buffer
	build.Stderr = &complaints
	out, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("livekit-server cannot be built here: %w\n%s", err, &complaints)
	}
	return strings.TrimSpace(string(out)), nil
}

// Start runs a server until the test ends. redis, host:port, makes it one node of
// those that share that Redis; without it it stands alone.
func Start(t testing.TB, redis string) *Server {
	t.Helper()
	path, err := binary()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must have it: %v", err)
		}
		t.Skipf("*** SKIPPED: %v", err)
	}
	port, media := freePort(t, "tcp"), freePort(t, "udp")
	s := &Server{t: t, path: path, dir: t.TempDir(), URL: fmt.Sprintf("ws://127.0.0.1:%d", port)}
	s.config = fmt.Sprintf(`port: %d
bind_addresses: [127.0.0.1]
keys: {%s}
rtc:
  udp_port: %d
  tcp_port: 0
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  stun_servers: []
  interfaces: {includes: [lo]}
room: {auto_create: true, empty_timeout: 300, departure_timeout: 2}
logging: {level: info}
`, port, KeyText, media)
	if redis != "" {
		s.config += fmt.Sprintf("redis: {address: %q}\n", redis)
	}
	s.run()
	t.Cleanup(s.Kill)
	return s
}

func freePort(t testing.TB, network string) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Server) run() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(s.path, "--config-body", s.config)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.ended = cmd, make(chan struct{})
	go func() {
		cmd.Wait()
		close(s.ended)
	}()
	health := "http" + strings.TrimPrefix(s.URL, "ws")
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if answer, err := http.Get(health); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-s.ended:
			s.t.Fatalf("livekit-server ended:\n%s", s.Log())
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Fatalf("livekit-server does not start:\n%s", s.Log())
}

// Log is what the server wrote.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text)
}

// Kill ends the server as a crash does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.ended
	s.cmd = nil
}

// Stop asks it to go, and not to wait until its members have.
func (s *Server) Stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Process.Signal(syscall.SIGINT) // two of one kind may count as one
}

// Restart runs it again on the same ports.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.run()
}

// Package redistest runs real Redis servers for tests.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Server is a redis-server of its own on loopback.
type Server struct {
	// Addr is host:port, URL the same for a client.
	Addr, URL string

	t     testing.TB
	dir   string
	args  []string
	cmd   *exec.Cmd // nil while it does not run
	ended chan struct{}
}

// Start runs a server without persistence until the test ends. args are further
// redis-server options, "--name", "value"…
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	for range 5 {
		port := FreePort(t)
		s := &Server{t: t, dir: t.TempDir(), Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
		s.URL = "redis://" + s.Addr
		listen := []string{"--port", strconv.Itoa(port)}
		if slices.Contains(args, "--tls-cert-file") {
			listen = []string{"--port", "0", "--tls-port", strconv.Itoa(port)}
			s.URL = "rediss://" + s.Addr
		}
		s.args = slices.Concat(listen, []string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
			"--dir", s.dir, "--daemonize", "no", "--enable-debug-command", "local"}, args)
		err := s.run()
		if err == nil {
			t.Cleanup(s.Kill)
			return s
		}
		t.Log(err)
	}
	t.Fatal("redis-server does not start; install it (apt-get install redis-server) or see the log above")
	return nil
}

// FreePort is a TCP port of loopback that nobody listens on.
func FreePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Server) run() error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return fmt.Errorf("log of redis-server: %w", err)
	}
	defer log.Close()
	cmd := exec.Command("redis-server", s.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	s.cmd, s.ended = cmd, make(chan struct{})
	go func() {
		cmd.Wait()
		close(s.ended)
	}()
	// Its own word counts: on the port somebody else may have been faster.
	for range 400 {
		text, _ := os.ReadFile(log.Name())
		if bytes.Contains(text, []byte("Ready to accept connections")) {
			return nil
		}
		select {
		case <-s.ended:
			text, _ = os.ReadFile(log.Name())
			return fmt.Errorf("redis-server ended:\n%s", text)
		case <-time.After(25 * time.Millisecond):
		}
	}
	s.Kill()
	return fmt.Errorf("redis-server on %s does not start", s.Addr)
}

// Kill ends the server as a crash does. Its data is lost.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.ended
	s.cmd = nil
}

// Restart runs the server again on the same port, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// Signal sends the process a signal: SIGSTOP, SIGCONT.
func (s *Server) Signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Client is a plain client of the server, closed when the test ends.
func (s *Server) Client() *goredis.Client {
	opt, err := goredis.ParseURL(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	opt.Protocol = 2
	rdb := goredis.NewClient(opt)
	s.t.Cleanup(func() { rdb.Close() })
	return rdb
}

// Do runs one command and returns its reply.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	rdb := s.Client()
	defer rdb.Close()
	v, err := rdb.Do(context.Background(), args...).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		s.t.Fatalf("%v: %v", args, err)
	}
	return v
}

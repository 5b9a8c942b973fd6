// Package redistest runs real Redis servers for tests.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
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

	t    testing.TB
	args []string
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

// Start runs a server without persistence until the test ends. args are further
// redis-server options, "--name", "value"…
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	for range 5 {
		port := FreePort(t)
		s := &Server{t: t, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
		s.URL = "redis://" + s.Addr
		s.args = append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
			"--dir", t.TempDir(), "--daemonize", "no", "--enable-debug-command", "local"}, args...)
		if s.run() == nil {
			t.Cleanup(s.Kill)
			return s
		}
		t.Logf("redis-server on %s: %s", s.Addr, s.out)
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
	s.out = &bytes.Buffer{}
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return fmt.Errorf("start redis-server: %w", err)
	}
	for range 200 {
		conn, err := net.Dial("tcp", s.Addr)
		if err == nil {
			conn.Close()
			return nil
		}
		if s.cmd.ProcessState != nil {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.Kill()
	return fmt.Errorf("redis-server on %s does not answer", s.Addr)
}

// Kill ends the server as a crash does. Its data is lost.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.cmd = nil
}

// Restart runs the server again on the same port, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatalf("%v\n%s", err, s.out)
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
	if err != nil && err != goredis.Nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return v
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asTalkgate makes this test binary behave as talkgate.
const asTalkgate = "TALKGATE_TEST_AS_TALKGATE"

func TestMain(m *testing.M) {
	if os.Getenv(asTalkgate) != "" {
		main()
	}
	os.Exit(m.Run())
}

// patience is how long a process may take for anything on a busy machine.
const patience = 30 * time.Second

// process is talkgate in a process of its own.
type process struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string   // of its standard output and error
	ended chan struct{} // closed once it has ended
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, name: name, cmd: exec.Command(exe, args...), lines: make(chan string, 10000), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asTalkgate+"=1")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.lines <- lines.Text()
		}
	}()
	go func() {
		_ = p.cmd.Wait() // the exit code says it
		w.Close()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // if it still runs
		<-p.ended
	})
	return p
}

// say writes a line to its standard input.
func (p *process) say(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// until reads its lines up to one that matches, and returns what the expression
// has in its first parentheses.
func (p *process) until(pattern string) string {
	p.t.Helper()
	expr, timeout, seen := regexp.MustCompile(pattern), time.After(patience), []string{}
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("%s ended before %q; it said:\n%s", p.name, pattern, strings.Join(seen, "\n"))
			}
			if m := expr.FindStringSubmatch(line); m != nil {
				return m[len(m)-1]
			}
			seen = append(seen, line)
		case <-timeout:
			p.t.Fatalf("%s never said %q; it said:\n%s", p.name, pattern, strings.Join(seen, "\n"))
		}
	}
}

// stop sends a signal and wants exit code 0.
func (p *process) stop(s os.Signal) {
	p.t.Helper()
	if code := p.signal(s); code != exitOK {
		p.t.Errorf("%s: exit code %d after %v", p.name, code, s)
	}
}

// signal sends a signal and returns the exit code, -1 for a process killed.
func (p *process) signal(s os.Signal) int {
	p.t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return p.exit(began)
}

// exit waits for the end.
func (p *process) exit(began time.Time) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	p.t.Logf("%s ended after %v", p.name, time.Since(began).Round(time.Millisecond))
	return p.cmd.ProcessState.ExitCode()
}

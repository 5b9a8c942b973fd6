package talkgatetest

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

// Patience is how long a process may take for anything on a busy machine.
const Patience = 30 * time.Second

// Process is talkgate in a process of its own.
type Process struct {
	Name  string
	Cmd   *exec.Cmd
	Lines chan string   // of its standard output and error
	Ended chan struct{} // closed once it has ended
	t     *testing.T
	stdin io.WriteCloser
}

// Start starts a command, which is killed when the test ends. Failures call it name.
func Start(t *testing.T, name string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, Name: name, Cmd: exec.Command(Binary(t), args...), Lines: make(chan string, 10000), Ended: make(chan struct{})}
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := p.Cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	r, w := io.Pipe()
	p.Cmd.Stdout, p.Cmd.Stderr = w, w
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.Lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.Lines <- lines.Text()
		}
	}()
	go func() {
		_ = p.Cmd.Wait() // the exit code says it
		w.Close()
		close(p.Ended)
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill() // if it still runs
		<-p.Ended
	})
	return p
}

// Say writes a line to its standard input.
func (p *Process) Say(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		p.t.Fatalf("%s: %v", p.Name, err)
	}
}

// Until reads its lines up to one that matches, and returns what the expression
// has in its first parentheses.
func (p *Process) Until(pattern string) string {
	p.t.Helper()
	expr, timeout, seen := regexp.MustCompile(pattern), time.After(Patience), []string{}
	for {
		select {
		case line, ok := <-p.Lines:
			if !ok {
				p.t.Fatalf("%s ended before %q; it said:\n%s", p.Name, pattern, strings.Join(seen, "\n"))
			}
			if m := expr.FindStringSubmatch(line); m != nil {
				return m[len(m)-1]
			}
			seen = append(seen, line)
		case <-timeout:
			p.t.Fatalf("%s never said %q; it said:\n%s", p.Name, pattern, strings.Join(seen, "\n"))
		}
	}
}

// Stop sends a signal and wants exit code 0.
func (p *Process) Stop(s os.Signal) {
	p.t.Helper()
	if code := p.Signal(s); code != ExitOK {
		p.t.Errorf("%s: exit code %d after %v", p.Name, code, s)
	}
}

// Signal sends a signal and returns the exit code, -1 for a process killed.
func (p *Process) Signal(s os.Signal) int {
	p.t.Helper()
	began := time.Now()
	if err := p.Cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v", p.Name, err)
	}
	return p.Exit(began)
}

// Exit waits for the end.
func (p *Process) Exit(began time.Time) int {
	p.t.Helper()
	select {
	case <-p.Ended:
	case <-time.After(Patience):
		p.t.Fatalf("%s does not end", p.Name)
	}
	p.t.Logf("%s ended after %v", p.Name, time.Since(began).Round(time.Millisecond))
	return p.Cmd.ProcessState.ExitCode()
}

// Hears reads the lines of a process up to one that matches, for so long.
func (p *Process) Hears(pattern string, within time.Duration) bool {
	expr, late := regexp.MustCompile(pattern), time.After(within)
	for {
		select {
		case line, ok := <-p.Lines:
			if !ok || expr.MatchString(line) {
				return ok
			}
		case <-late:
			return false
		}
	}
}

// Resident is what the process has in memory, in KiB.
func (p *Process) Resident() (kib int) {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		p.t.Fatalf("/proc has no VmRSS: %v", err)
	}
	return kib
}

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// steps are what is tried of each client on each network.
var steps = []string{"hear", "deny", "talk", "revoke"}

// known are cells that fail, and why. They are in the table as they are.
var known = map[string]string{
	"Firefox, IPv6": "Firefox finds no path where there is no IPv4; not understood",
}

// atOnce is how many clients run at a time.
const atOnce = 3

// timeout bounds each step; what is expected comes within a second.
const timeout = 30 * time.Second

// cell is one client on one network.
type cell struct {
	kind    string
	network network
	// passed are the steps that worked, and failed is why the next one did not.
	passed []string
	failed error
}

func runMatrix(t *testing.T, prefix string) {
	networks := layNetworks(t, prefix)
	s := newSite(t)
	var cells []*cell
	for _, kind := range kinds {
		for _, n := range networks {
			if !strings.Contains(kind+", "+n.name, *only) {
				continue
			}
			cells = append(cells, &cell{kind: kind, network: n})
		}
	}
	var running sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i, c := range cells {
		channel := fmt.Sprintf("channel%d", i)
		a := told{Kind: c.kind, Base: c.network.base, Token: s.token(t, "client"+channel, channel), Channel: channel, Dir: t.TempDir()}
		b := told{Base: c.network.local, Token: s.token(t, "other"+channel, channel), Channel: channel}
		if strings.HasPrefix(c.network.base, "https") {
			a.CA, b.CA = s.path("ca/ca.pem"), s.path("ca/ca.pem")
		}
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			began := time.Now()
			if c.failed = c.run(t.Context(), s, a, b); c.failed != nil {
				logs(t, a.Dir)
			}
			t.Logf("%-12s %-22s %v after %.1f s: %v", c.kind, c.network.name, c.passed, time.Since(began).Seconds(), c.failed)
		})
	}
	running.Wait()
	for _, c := range cells {
		name := c.kind + ", " + c.network.name
		if why := known[name]; c.failed != nil && why == "" {
			t.Errorf("%s: %v", name, c.failed)
		} else if c.failed != nil {
			t.Logf("known: %s: %s: %v", name, why, c.failed)
		}
	}
	if *table != "" {
		if err := writeTable(*table, networks, cells); err != nil {
			t.Error(err)
		}
	}
}

// run runs the steps, each after the one before.
func (c *cell) run(ctx context.Context, s *site, a, b told) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	other, err := newPort(ctx, b)
	if err != nil {
		return err
	}
	floor, err := newFloorClient(ctx, b)
	if err != nil {
		return err
	}
	waiting, done := context.WithTimeout(ctx, timeout)
	defer done()
	if err := other.wait(waiting); err != nil {
		return err
	}
	remote, err := startClient(ctx, c.network.netns, a)
	if err != nil {
		return err
	}
	defer remote.stop()
	if line, err := remote.next(connectTime + timeout); err != nil {
		return err
	} else if line != "up" {
		return errors.New(line)
	}
	for i, step := range []func() error{
		func() error { return hear(ctx, other, floor, remote) },
		func() error { return deny(ctx, other, remote) },
		func() error { return talk(ctx, other, floor, remote) },
		func() error { return revoke(ctx, other, s, a) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("%s: %w", steps[i], err)
		}
		c.passed = append(c.passed, steps[i])
	}
	return nil
}

// logs shows the end of what a client's programs said.
func logs(t *testing.T, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.log")) // the pattern is well formed
	for _, f := range files {
		text, _ := os.ReadFile(f)
		t.Logf("%s: %s", filepath.Base(f), text[max(0, len(text)-1500):])
	}
}

// enough is how many blocks of 20 ms count as heard.
const enough = 10

// hear has the other one talk, and go on.
func hear(ctx context.Context, other *port, floor *floorClient, remote *remote) error {
	if granted, why, err := floor.ask(ctx); err != nil {
		return err
	} else if !granted {
		return fmt.Errorf("the other one does not get the floor: %s", why)
	}
	go other.tone(ctx)
	return until("it hears the other one", func() (bool, error) {
		n, err := remote.heard()
		return n >= enough, err
	})
}

// deny has the client ask while the other one talks. What it sends all the same is heard
// by nobody.
func deny(_ context.Context, other *port, remote *remote) error {
	answer, err := remote.do("ask")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(answer, "false") {
		return fmt.Errorf("the floor is asked for while another has it, and the answer is %s", answer)
	}
	time.Sleep(300 * time.Millisecond)
	if n := other.loud.Load(); n != 0 {
		return fmt.Errorf("%d blocks of who does not have the floor are heard", n)
	}
	return nil
}

func talk(ctx context.Context, other *port, floor *floorClient, remote *remote) error {
	if err := floor.yield(ctx); err != nil {
		return err
	}
	answer := ""
	if err := until("it gets the floor", func() (ok bool, err error) {
		answer, err = remote.do("ask")
		return strings.HasPrefix(answer, "true"), err
	}); err != nil {
		return fmt.Errorf("%w: %s", err, answer)
	}
	return until("it is heard", func() (bool, error) { return other.loud.Load() >= enough, nil })
}

// revoke takes the right to talk away, while the client goes on sending.
func revoke(ctx context.Context, other *port, s *site, a told) error {
	if _, err := s.state.RevokeRights(ctx, "client"+a.Channel, a.Channel); err != nil {
		return err
	}
	for deadline := time.Now().Add(timeout); ; {
		before := other.loud.Load()
		time.Sleep(500 * time.Millisecond)
		if other.loud.Load() == before {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it is heard still")
		}
	}
}

func until(what string, is func() (bool, error)) error {
	for deadline := time.Now().Add(timeout); ; time.Sleep(50 * time.Millisecond) {
		if ok, err := is(); err != nil || ok {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("never: %s", what)
		}
	}
}

// remote is a client in its namespace.
type remote struct {
	cmd  *exec.Cmd
	in   io.Writer
	says <-chan string
}

func startClient(ctx context.Context, netns string, a told) (*remote, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "ip", "netns", "exec", netns, os.Args[0])
	c.Env = append(os.Environ(), clientEnv+"="+string(text))
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	r := &remote{cmd: c}
	if r.in, err = c.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.says = lines(out)
	return r, c.Start()
}

func (r *remote) stop() {
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) // with all that it started
	_ = r.cmd.Wait()
}

func (r *remote) next(within time.Duration) (string, error) {
	select {
	case line, ok := <-r.says:
		if !ok {
			return "", fmt.Errorf("the client has ended")
		}
		return line, nil
	case <-time.After(within):
		return "", fmt.Errorf("the client says nothing")
	}
}

func (r *remote) do(what string) (string, error) {
	if _, err := fmt.Fprintln(r.in, what); err != nil {
		return "", err
	}
	return r.next(timeout)
}

func (r *remote) heard() (int, error) {
	line, err := r.do("heard")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(line)
}

// The table stands between these two lines.
const begin, end = "<!-- table: make interop -->\n", "<!-- end of the table -->\n"

// writeTable writes the table of a page anew.
func writeTable(path string, networks []network, cells []*cell) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !ok || !ended {
		return fmt.Errorf("%s has no lines %q and %q", path, begin, end)
	}
	var b strings.Builder
	b.WriteString("| |")
	for _, kind := range kinds {
		fmt.Fprintf(&b, " %s |", kind)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(kinds)) + "\n")
	for _, n := range networks {
		fmt.Fprintf(&b, "| %s |", n.name)
		for _, c := range cells {
			if c.network.name != n.name {
				continue
			}
			switch {
			case c.failed == nil:
				b.WriteString(" all four |")
			case len(c.passed) == 0:
				b.WriteString(" none |")
			default:
				fmt.Fprintf(&b, " %s |", strings.Join(c.passed, ", "))
			}
		}
		b.WriteString("\n")
	}
	return os.WriteFile(path, []byte(string(before)+begin+b.String()+end+string(after)), 0o644)
}

//go:build hil

package hil_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// packages are those with tests for the bench's kernel, seen from this one.
var packages = []string{"gpio", "evdev", "cm108", "sound", "../cmd/talkgate/bench"}

const (
	// buildTime bounds the building of the kernel, which takes about six
	// minutes on two cores, once a machine.
	buildTime = 25 * time.Minute
	// bootTime bounds one life of the kernel, with the tests of a package.
	bootTime = 15 * time.Minute
)

// TestBench runs the tests that need a kernel of their own.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("*** the bench is SKIPPED with -short")
	}
	dependOnSources(t)
	kernel, all, chosen := buildKernel(t), 0, os.Getenv("HIL_RUN")
	for _, pkg := range packages {
		t.Run(filepath.Base(pkg), func(t *testing.T) {
			dir := t.TempDir()
			buildTest(t, dir, pkg)
			console := boot(t, kernel, dir)
			tests := report(t, dir, console)
			if all += tests; tests == 0 && chosen == "" {
				t.Errorf("there was no test; the kernel said:\n%s", console)
			}
		})
	}
	if all == 0 {
		t.Errorf("no test of any package has a name as HIL_RUN=%q", chosen)
	}
}

// dependOnSources looks at every source, so that 'go test' takes no older result
// for that of changed ones.
func dependOnSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// buildKernel returns the path of the bench's kernel. Only where it cannot be
// built there is no bench.
func buildKernel(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildTime)
	defer cancel()
	build := command(ctx, "./kernel.sh")
	var complaints bytes.Buffer
	build.Stderr = io.MultiWriter(&complaints, os.Stderr)
	out, err := build.Output()
	if err != nil {
		t.Skipf("*** the bench is SKIPPED: its kernel cannot be built here: %v\n%s", err, &complaints)
	}
	return strings.TrimSpace(string(out))
}

// buildTest compiles the tests of a package for the bench, and the talkgate that
// some of them run.
func buildTest(t *testing.T, dir, pkg string) {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("..", pkg))
	if err != nil {
		t.Fatal(err)
	}
	build := command(t.Context(), "go", "test", "-c", "-tags", "hil", "-o", filepath.Join(dir, "bench.test"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary := command(t.Context(), "go", "build", "-o", filepath.Join(dir, "talkgate"), "../../cmd/talkgate")
	binary.Env = build.Env
	if out, err := binary.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.dir"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
}

// boot runs the kernel until it powers itself off, and returns what it said.
func boot(t *testing.T, kernel, dir string) string {
	t.Helper()
	first, err := filepath.Abs("init.sh")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	// Where it may be it is served before others: sound cards do not wait.
	machine := command(ctx, "nice", "-n", "-15", kernel, "rootfstype=hostfs", "rootflags=/", "ro", "init="+first, "mem=768M", "con=null", "con0=fd:0,fd:1",
		"quiet", "HIL_DIR="+dir, "CI="+os.Getenv("CI"), "HIL_RUN="+os.Getenv("HIL_RUN"))
	out, err := machine.CombinedOutput()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("the bench did not end within %v", bootTime)
	}
	t.Logf("the kernel ended: %v", err)
	return string(out)
}

// report makes each of the tests that ran one of t, and counts them.
func report(t *testing.T, dir, console string) (tests int) {
	t.Helper()
	out, err := os.ReadFile(filepath.Join(dir, "bench.out"))
	if err != nil {
		t.Fatalf("they did not run: %v; the kernel said:\n%s", err, console)
	}
	status, err := os.ReadFile(filepath.Join(dir, "bench.status"))
	if err != nil || strings.TrimSpace(string(status)) != "0" {
		t.Errorf("exit code %q (%v); the kernel said:\n%s", status, err, console)
	}
	for _, test := range split(string(out)) {
		tests++
		t.Run(test.name, func(t *testing.T) {
			switch {
			case strings.Contains(test.text, "\n--- PASS: "+test.name+" "):
				t.Log(test.text)
			case strings.Contains(test.text, "\n--- SKIP: "+test.name+" "):
				t.Skip(test.text)
			default:
				t.Error(test.text)
			}
		})
	}
	return tests
}

// said is what a test said, with its verdict.
type said struct{ name, text string }

// split parts the output of 'go test -v' into that of its tests.
func split(out string) (all []said) {
	for line := range strings.Lines(out) {
		name, begins := strings.CutPrefix(strings.TrimSpace(line), "=== RUN   ")
		if begins && !strings.Contains(name, "/") {
			all = append(all, said{name: name})
		}
		if all != nil {
			all[len(all)-1].text += line
		}
	}
	return all
}

// command is one whose whole process group ends with ctx.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	return c
}

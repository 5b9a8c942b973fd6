// Package talkgatetest runs talkgate in processes of its own, as it is installed:
// a hub and its ports on a real Redis. Only tests import it.
package talkgatetest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binaryEnv names the binary under test. Where it is not set, Main builds one.
const binaryEnv = "TALKGATE_TEST_BINARY"

// Exit codes, as 'talkgate --help' has them.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitConfig = 3
)

// Main builds talkgate, runs the tests of a package, and returns their exit code.
func Main(m *testing.M) int {
	if os.Getenv(binaryEnv) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "talkgate")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(filepath.Join(dir, "talkgate"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the binary, with the race detector where the tests have it, and
// lets Binary know of it.
func build(path string) error {
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/talkgate/talkgate/cmd/talkgate")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build talkgate: %w\n%s", err, out)
	}
	return os.Setenv(binaryEnv, path)
}

// Binary is the path of the binary under test.
func Binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv(binaryEnv)
	if path == "" {
		t.Fatal("TestMain does not call talkgatetest.Main")
	}
	return path
}

// Run runs a command to its end.
func Run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), Binary(t), args...)
	var out, complaints bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &complaints
	if err := c.Run(); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = ended.ExitCode()
	}
	return code, out.String(), complaints.String()
}

// Package emulated_test runs the selftest with the instructions of boards, under
// emulation. It wants an idle machine: an emulated processor that has to share two cores
// misses Redis's deadlines before all radios are on air.
package emulated_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate-demo/demo"
)

// emulators of the processors that boards have, as GOARCH calls these.
var emulators = map[string]string{"arm": "qemu-arm-static", "arm64": "qemu-aarch64-static", "riscv64": "qemu-riscv64-static"}

// build builds a package for ARMv6 or another processor as anybody would, and
// returns the binary and its emulator.
func build(t *testing.T, goarch, pkg string) (emulator, exe string) {
	t.Helper()
	emulator, err := exec.LookPath(emulators[goarch])
	if err != nil {
		t.Skipf("%s is missing: nobody tries the binary of %s", emulators[goarch], goarch)
	}
	exe = filepath.Join(t.TempDir(), "exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", exe, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+goarch, "GOARM=6")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return emulator, exe
}

// starved is what a selftest says whose emulated processor did not read an answer of
// Redis in time. Such a run has no counts to judge.
var starved = regexp.MustCompile(`i/o timeout|context deadline exceeded`)

func selftest(t *testing.T, qemu, exe string) (report []byte, complaints string, err error) {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), qemu, exe, "--selftest", "--presses", "2", "--json")
	cmd.Stderr = &stderr
	report, err = cmd.Output()
	return report, stderr.String(), err
}

// TestBoardsSelftest runs a shortened selftest. An emulated processor is slow: the
// counts must hold on it as anywhere, its times are not looked at.
func TestBoardsSelftest(t *testing.T) {
	for goarch := range emulators {
		t.Run(goarch, func(t *testing.T) {
			qemu, exe := build(t, goarch, "..")
			out, complaints, err := selftest(t, qemu, exe)
			for try := 1; err != nil && starved.MatchString(complaints) && try < 5; try++ {
				t.Logf("the emulator starved, try %d of 5: %s", try, complaints)
				out, complaints, err = selftest(t, qemu, exe)
			}
			if err != nil {
				t.Errorf("%v\n%s%s", err, out, complaints)
			}
			var r demo.Report
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			t.Logf("%+v", r)
			if !r.OK || r.Presses < 2 || r.Revocations < 2 || r.Collisions < 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

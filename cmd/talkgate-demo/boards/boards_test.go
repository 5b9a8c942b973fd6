// Package boards_test runs the selftest as boards run it: their instructions, under
// emulation. It takes minutes.
package boards_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate-demo/demo"
)

// TestBoardsSelftest runs a shortened selftest, built for the boards without C,
// on their processors under emulation. An emulated processor is slow: the counts
// must hold on it as anywhere, its times are not looked at.
func TestBoardsSelftest(t *testing.T) {
	for goarch, emulator := range map[string]string{"arm": "qemu-arm-static", "arm64": "qemu-aarch64-static"} {
		t.Run(goarch, func(t *testing.T) {
			qemu, err := exec.LookPath(emulator)
			if err != nil {
				t.Skipf("%s is missing: nobody tries the binary of %s", emulator, goarch)
			}
			exe := filepath.Join(t.TempDir(), "talkgate-demo")
			build := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "..")
			build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+goarch, "GOARM=7")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var complaints strings.Builder
			selftest := exec.CommandContext(t.Context(), qemu, exe, "--selftest", "--presses", "2", "--json")
			selftest.Stderr = &complaints
			out, err := selftest.Output()
			if err != nil {
				t.Errorf("%v\n%s%s", err, out, &complaints)
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

// Package boards_test starts the binary as boards run it: their instructions, under
// emulation.
package boards_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// emulators of the processors that boards have, as GOARCH calls these.
var emulators = map[string]string{"arm": "qemu-arm-static", "arm64": "qemu-aarch64-static", "riscv64": "qemu-riscv64-static"}

// arm64Libraries is where Debian's libc6-arm64-cross has the loader and C's library
// that a port's binary for arm64 needs, for oto.
const arm64Libraries = "/usr/aarch64-linux-gnu"

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

// TestBoardsStart starts a port's binary, which says what is wrong with its
// configuration.
func TestBoardsStart(t *testing.T) {
	for goarch := range emulators {
		t.Run(goarch, func(t *testing.T) {
			qemu, exe := build(t, goarch, "../../talkgate")
			if _, err := os.Stat(arm64Libraries); err != nil && goarch == "arm64" {
				t.Skipf("%s is missing (libc6-arm64-cross): nobody tries the binary of arm64", arm64Libraries)
			}
			start := exec.CommandContext(t.Context(), qemu, exe, "run", "--config", "missing.yaml")
			start.Env = append(os.Environ(), "QEMU_LD_PREFIX="+arm64Libraries)
			if out, err := start.CombinedOutput(); err == nil || !strings.Contains(string(out), "missing.yaml") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

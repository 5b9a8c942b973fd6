package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestABoardHasNoRedisServer keeps the demo's Redis, and the Lua in it, out of the
// binary that a board runs.
func TestABoardHasNoRedisServer(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := string(out)
	if !strings.Contains(deps, "github.com/spf13/cobra\n") {
		t.Fatal("go list does not name cobra, which the command imports")
	}
	for _, module := range []string{"github.com/alicebob/miniredis", "github.com/yuin/gopher-lua"} {
		if strings.Contains(deps, module) {
			t.Errorf("cmd/talkgate depends on %s", module)
		}
	}
}

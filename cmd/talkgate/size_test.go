package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// commandLines is what the command may have: its subcommands, and no logic.
	commandLines = 3500
	// packageLines is what any package may have.
	packageLines = 3000
)

// TestPackagesStaySmall counts lines of Go without tests.
func TestPackagesStaySmall(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		most := packageLines
		if name == "cmd/talkgate" {
			most = commandLines
		}
		if n := linesOf(t, filepath.Join(root, name)); n > most {
			t.Errorf("%s has %d lines of Go without tests, expected %d at most: split it", name, n, most)
		}
	}
}

func linesOf(t *testing.T, dir string) (lines int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", dir, files, err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte("// Code generated ")) {
			lines += bytes.Count(text, []byte("\n"))
		}
	}
	return lines
}

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

package flight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheFileOfSomethingElseStays: a recorder's memory that names a token by mistake
// leaves the token as it is.
func TestTheFileOfSomethingElseStays(t *testing.T) {
	dir := t.TempDir()
	token, ring := filepath.Join(dir, "token"), filepath.Join(dir, "ring")
	if err := os.WriteFile(token, []byte("a token of the port"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := CheckMemory(token, MinSize)
	_, _, err := Open(token, MinSize, About{})
	for _, err := range []error{check, err} {
		if err == nil || !strings.Contains(err.Error(), "something else") {
			t.Errorf("%v", err)
		}
	}
	if text, _ := os.ReadFile(token); string(text) != "a token of the port" {
		t.Errorf("found %d bytes", len(text))
	}
	// What a recorder left is not touched by a check, and seen to be in use.
	if err := CheckMemory(ring, MinSize); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the check left %v", left)
	}
	r, _, err := Open(ring, MinSize, About{UserID: "north"})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckMemory(ring, MinSize); err == nil || !strings.Contains(err.Error(), "another process records there") {
		t.Errorf("in use: %v", err)
	}
	r.Close() // the file stays open
	before, _ := os.ReadFile(ring)
	left := filepath.Join(dir, "left")
	if err := os.WriteFile(left, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckMemory(left, MinSize); err != nil {
		t.Error(err)
	}
	if after, _ := os.ReadFile(left); string(after) != string(before) {
		t.Error("the check changed a recording")
	}
	if err := checkRoom(t.TempDir(), 1<<50); err == nil {
		t.Error("there is room for a petabyte")
	}
}

package textfile

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFilesWithoutAnEnd: none is read, and none is waited for.
func TestFilesWithoutAnEnd(t *testing.T) {
	dir := t.TempDir()
	good, big, pipe := filepath.Join(dir, "good"), filepath.Join(dir, "big"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(good, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(big, make([]byte, Max+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(good); err != nil || string(text) != "text\n" {
		t.Errorf("%q, %v", text, err)
	}
	for _, path := range []string{big, pipe, dir, "/dev/zero", "/dev/full", filepath.Join(dir, "none")} {
		if text, err := Read(path); err == nil {
			t.Errorf("%s: %d bytes", path, len(text))
		}
	}
}

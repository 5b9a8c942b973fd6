package flight

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStoreKeepsTheNewest: old archives go, and what a power cut left of one, but no
// file that is not ours.
func TestStoreKeepsTheNewest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	s := Store{Directory: dir, Keep: 2}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"20200101T000000.000Z-crash.zip", "20200102T000000.000Z-crash.zip", ".20200103T000000.000Z-crash.zip123", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path, err := s.Save(Recording{About: testAbout, Reason: "revoked"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"20200102T000000.000Z-crash.zip", filepath.Base(path), "notes.txt"}
	if got := names(t, dir); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory has %v, want %v", got, want)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := ReadArchive(b); err != nil || a.Reason != "revoked" {
		t.Errorf("the archive says %q, %v", a.Reason, err)
	}
}

// TestWriteFileWholeOrNot: a file that cannot be written whole leaves what was there;
// one that is written belongs to its owner alone and follows no link.
func TestWriteFileWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.zip")
	full := func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, syscall.ENOSPC)
	}
	if err := WriteFile(path, full); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a full disk is %v", err)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Fatalf("a full disk leaves %v", left)
	}
	other := filepath.Join(dir, "other")
	if err := errors.Join(os.WriteFile(other, []byte("theirs"), 0o644), os.Symlink(other, path)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, "ours"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v; want one of its own with mode 0600", info.Mode(), err)
	}
	if b, _ := os.ReadFile(other); string(b) != "theirs" {
		t.Errorf("the link was followed: %q", b)
	}
}

// TestRingIsReserved: a ring whose pages the file system has not set aside would kill
// the process at its first write to a full one.
func TestRingIsReserved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	openRing(t, path, size)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if blocks := info.Sys().(*syscall.Stat_t).Blocks * 512; blocks < size {
		t.Errorf("%d of %d bytes are reserved", blocks, size)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	link := path + "-link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(link, size, testAbout); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a symbolic link gives %v, want %v", err, syscall.ELOOP)
	}
}

// TestReplayEscapes: no control sequence that a member put into its name reaches the
// terminal.
func TestReplayEscapes(t *testing.T) {
	a := Archive{Lines: []eventLine{{Kind: "event", Event: []byte(`{"msg":"busy","holder":"\u001b[2Jéva\u009b"}`)}}}
	a.UserID = "north\x1b]0;x\a\rgate"
	var b strings.Builder
	if err := a.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\a\r\u009b") {
		t.Errorf("raw control characters in %q", b.String())
	}
	if !strings.Contains(b.String(), `\x1b[2Jéva`) {
		t.Errorf("what they were is lost in %q", b.String())
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

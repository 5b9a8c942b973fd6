package cm108

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestGuardWritesAtTheEnd stands a file in for the device. What ends the rest of a
// service does not end the guard.
func TestGuardWritesAtTheEnd(t *testing.T) {
	path, report := filepath.Join(t.TempDir(), "device"), []byte{0, 0, 0xff, '%', '\\'}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := startGuard(f, report)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); len(text) > 0 || !g.alive() {
		t.Fatalf("while this process lives: %q, alive %v", text, g.alive())
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGABRT} {
		if err := syscall.Kill(g.pid, s); err != nil {
			t.Fatal(err)
		}
	}
	g.dismiss()
	if text, _ := os.ReadFile(path); !bytes.Equal(text, report) || g.alive() {
		t.Errorf("at the end: %q, alive %v", text, g.alive())
	}
}

// TestGuardThatIsKilled is noticed, and nothing is keyed without one.
func TestGuardThatIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	o := &Output{file: f, pin: pin{1, 4}}
	if o.guard, err = startGuard(f, nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Set(true); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(o.guard.pid, syscall.SIGTERM); err != nil || !o.guard.alive() {
		t.Errorf("it heeds SIGTERM: %v", err)
	}
	if err := syscall.Kill(o.guard.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-o.guard.ended
	if o.Set(true) == nil {
		t.Error("keyed without a guard")
	}
	if err := o.Set(false); err != nil {
		t.Error(err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

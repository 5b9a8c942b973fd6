//go:build hil

package sound

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/hal/hil"
)

// TestKernelMixer compares with amixer what it reads and what it sets.
func TestKernelMixer(t *testing.T) {
	dummy := Config{Card: "Dummy"}
	amixer := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("amixer", append([]string{"-c", "Dummy"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	amixer("-q", "cset", "name=Master Volume", "33,44")
	amixer("-q", "cset", "name=Mic Capture Switch", "on")
	if got := valueOf(t, dummy, "Master Volume"); got != "33" {
		t.Errorf("Master Volume is %s, want 33", got)
	}
	if got := valueOf(t, dummy, "Mic Capture Switch"); got != "on" {
		t.Errorf("Mic Capture Switch is %s, want on", got)
	}
	if err := SetMixer("Master Volume=50%; Mic Capture Switch=off", Config{Card: hil.Loopback}, dummy); err != nil {
		t.Fatal(err)
	}
	if said := amixer("cget", "name=Master Volume"); !strings.Contains(said, ": values=25,25") {
		t.Errorf("amixer says\n%s", said)
	}
	if said := amixer("cget", "name=Mic Capture Switch"); !strings.Contains(said, ": values=off,off") {
		t.Errorf("amixer says\n%s", said)
	}
	if err := SetMixer("No Such Volume=1", dummy); !errors.Is(err, ErrNoControl) {
		t.Error(err)
	}
	if err := SetMixer("Master Volume=9999", dummy); err == nil || !strings.Contains(err.Error(), "-50 to 100") {
		t.Error(err)
	}
}

func valueOf(t *testing.T, cfg Config, name string) string {
	t.Helper()
	m, err := OpenMixer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all, err := m.Controls()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("%s is not among %v", name, all)
	return ""
}

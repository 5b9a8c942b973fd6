package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxExposure is what 'systemd-analyze security' may find at most, in tenths.
const maxExposure = "20"

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is missing: nobody judges the units", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// units copies the units to where their command exists, as instances.
func units(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for from, to := range map[string]string{"talkgate@.service": "talkgate@north-gate.service", "talkgate-hub.service": "talkgate-hub.service",
		"talkgate-guard.service": "talkgate-guard.service"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		command := filepath.Join(dir, "talkgate")
		if err := os.WriteFile(command, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, to)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "/usr/bin/talkgate", command)), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestUnitsAreRight(t *testing.T) {
	for _, unit := range units(t) {
		if said := run(t, "systemd-analyze", "verify", "--man=no", unit); strings.Contains(said, filepath.Base(unit)) {
			t.Errorf("systemd says:\n%s", said)
		}
	}
}

func TestUnitsAreSandboxed(t *testing.T) {
	for _, unit := range units(t) {
		said := strings.TrimSpace(run(t, "systemd-analyze", "security", "--offline=true", "--threshold="+maxExposure, unit))
		t.Log(said[strings.LastIndex(said, "\n")+1:])
	}
}

// TestAHungServiceIsStartedAgain: the watchdog aborts it, and Go's way to be aborted,
// or to panic, is exit code 2.
func TestAHungServiceIsStartedAgain(t *testing.T) {
	for _, unit := range units(t) {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nRestart=always\n") || !strings.Contains(string(text), "\nRestartPreventExitStatus=3\n") {
			t.Errorf("%s: expected Restart=always, prevented by exit code 3 alone", filepath.Base(unit))
		}
	}
}

// TestThePortReachesItsDevices keeps the sandbox from being so tight that the
// radio is shut out.
func TestThePortReachesItsDevices(t *testing.T) {
	text, err := os.ReadFile("talkgate@.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{"char-gpiochip", "char-alsa", "char-hidraw", "char-i2c"} {
		if !strings.Contains(string(text), "\nDeviceAllow="+device+" rw\n") {
			t.Errorf("the port may not use %s", device)
		}
	}
}

func TestUsersAndDirectories(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"talkgate.sysusers", "talkgate.tmpfiles"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Debian's own users come first.
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/group"), []byte("audio:x:29:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "systemd-sysusers", "--root="+root, filepath.Join(root, "talkgate.sysusers"))
	group, err := os.ReadFile(filepath.Join(root, "etc/group"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"audio:x:29:talkgate\n", "gpio:x:"} {
		if !strings.Contains(string(group), want) {
			t.Errorf("group has no %q:\n%s", want, group)
		}
	}
	run(t, "systemd-tmpfiles", "--create", "--root="+root, filepath.Join(root, "talkgate.tmpfiles"))
	if info, err := os.Stat(filepath.Join(root, "etc/talkgate")); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("/etc/talkgate: %v, %v", info, err)
	}
}

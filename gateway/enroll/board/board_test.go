package board_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/enroll/board"
)

func grant() enroll.Grant {
	return enroll.Grant{
		UserID: "north-gate", UserName: "North gate", Role: "GENERAL", Channels: []string{"gates"},
		Hub:   enroll.HubGrant{URL: "https://192.0.2.1:8443", CA: "-----BEGIN CERTIFICATE-----\n"},
		Redis: enroll.RedisGrant{URL: "redis://192.0.2.1:6379", Username: "port-north-gate", Password: "sesame"},
	}
}

func keep(t *testing.T, p board.Place) (place func() error, discard func(), err error) {
	t.Helper()
	key, err := enroll.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Hardware.Driver = "sim"
	p.Configure(&c, grant())
	return p.Keep(c, grant(), key)
}

// tree lists the files below a directory.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != dir {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAGrantBecomesAConfiguration(t *testing.T) {
	dir := t.TempDir()
	p := board.Place{Name: "north-gate", ConfigDir: filepath.Join(dir, "etc"), StateDir: filepath.Join(dir, "var")}
	place, _, err := keep(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.Config()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it is placed: %v", err)
	}
	if err := place(); err != nil {
		t.Fatal(err)
	}
	want := "etc etc/north-gate.hub.pem etc/north-gate.redis-password etc/north-gate.yaml var var/north-gate var/north-gate/device.key"
	if got := strings.Join(tree(t, dir), " "); got != want {
		t.Errorf("files %s", got)
	}
	c, err := config.Load(p.Config(), "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Channel != "gates" || c.Identity.UserID != "north-gate" || c.Redis.Username != "port-north-gate" || string(c.Link.Hub.DeviceKeyFile) != p.Key() {
		t.Errorf("%+v", c)
	}
	for key, file := range map[string]config.File{"redis.password_file": c.Redis.PasswordFile, "link.device_key_file": c.Link.Hub.DeviceKeyFile} {
		text, err := config.Secret(key, file)
		if err != nil {
			t.Error(err)
		}
		if key == "link.device_key_file" {
			if _, err := enroll.ParseKey([]byte(text)); err != nil {
				t.Error(err)
			}
		}
	}
	if info, err := os.Stat(p.Key()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestWhatIsDiscardedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	p := board.Place{Name: "north-gate", ConfigDir: dir, StateDir: filepath.Join(dir, "var")}
	_, discard, err := keep(t, p)
	if err != nil {
		t.Fatal(err)
	}
	discard()
	if left := tree(t, dir); len(left) > 1 { // the directory of all ports' state may stay
		t.Errorf("left %v", left)
	}
}

// TestAFullDisk is found before the hub is told to enroll the board.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("no file system of 16 KiB may be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 8<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	p := board.Place{Name: "north-gate", ConfigDir: dir, StateDir: dir}
	_, _, err := keep(t, p)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("%v, expected a full disk", err)
	}
	if after := tree(t, dir); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("left %v", after)
	}
}

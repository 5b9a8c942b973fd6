package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

func TestReadSecret(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		mode          os.FileMode
		want          string
		fails         string
	}{
		{"line", "s3cret words\n", 0o600, "s3cret words", ""},
		{"without line end", "s3cret", 0o440, "s3cret", ""},
		{"readable by all", "s3cret", 0o644, "", "chmod 640"},
		{"an empty line before", "\r\n\ns3cret\r\n", 0o600, "s3cret", ""},
		{"byte order mark", "\uFEFFs3cret\n", 0o600, "s3cret", ""},
		{"empty", "\n", 0o600, "", "nothing"},
		{"huge", strings.Repeat("s", 65<<10), 0o600, "", "at most"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(tc.content), tc.mode); err != nil {
				t.Fatal(err)
			}
			got, err := config.ReadSecret(path)
			if tc.fails == "" {
				if err != nil || got != tc.want {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.fails) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := config.ReadSecret("/nowhere/eyJhbGciOi"); err == nil || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("got %v", err)
	}
	if _, err := config.ReadSecret(t.TempDir()); err == nil {
		t.Error("a directory is accepted")
	}
}

// TestDirectoriesOfTheUnit: runtime: and state: are what talkgate@NAME.service makes for
// NAME.yaml, whatever the port's ID is.
func TestDirectoriesOfTheUnit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "north-gate.yaml")
	write := func(memory string) {
		if err := os.WriteFile(path, []byte(minimal+"recorder: {memory: \""+memory+"\", directory: \"state:recordings\"}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("runtime:flight")
	c, err := config.Load(path, "")
	if err != nil || c.Recorder.Memory != "/run/talkgate/north-gate/flight" || c.Recorder.Directory != "/var/lib/talkgate/north-gate/recordings" {
		t.Errorf("%+v, %v", c.Recorder, err)
	}
	for _, bad := range []string{"runtime:", "runtime:../other/flight", "runtime:/etc/x"} {
		write(bad)
		if _, err := config.Load(path, ""); err == nil || !strings.Contains(err.Error(), "recorder.memory") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

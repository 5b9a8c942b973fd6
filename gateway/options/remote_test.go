package options

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
)

func TestCodesAreRead(t *testing.T) {
	file := func(text string, mode os.FileMode) config.File {
		path := filepath.Join(t.TempDir(), "codes")
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return config.File(path)
	}
	if r, err := remoteOf(config.DTMF{Access: file("4711\n", 0o600)}); r != nil || err != nil {
		t.Errorf("not enabled: %v, %v", r, err)
	}
	if r, err := remoteOf(config.DTMF{Enabled: true, Access: file("4711\n\n0815 \n", 0o600)}); r == nil || err != nil {
		t.Errorf("two codes: %v", err)
	}
	for name, tc := range map[string]struct {
		file config.File
		want string
	}{
		"none":       {"", "expected a file of codes"},
		"missing":    {"/nowhere/codes", "no such file"},
		"open":       {file("4711\n", 0o644), "chmod 640"},
		"short":      {file("4711\n12\n", 0o600), "line 2: expected 4 to 12 figures"},
		"not digits": {file("passw0rd\n", 0o600), "line 1"},
	} {
		_, err := remoteOf(config.DTMF{Enabled: true, Access: tc.file})
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "passw0rd") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package devices_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func passwordFile(t *testing.T, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

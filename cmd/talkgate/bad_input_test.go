package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/talkgate/talkgate/gateway/hub/auth"
)

const testSecret = "a secret of this test, 32 bytes and more"

func writeFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRefusals wants a reason that names the flag or key, and the exit code that
// tells a service manager whether to try again.
func TestRefusals(t *testing.T) {
	secret := writeFile(t, "secret", testSecret, 0o600)
	open := writeFile(t, "open", testSecret, 0o644)
	short := writeFile(t, "short", "only 31 bytes, which is not eno", 0o600)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, example, _ := talkgate(t, "", "config", "example")
	withoutToken := writeFile(t, "port.yaml", example, 0o600)

	for _, tc := range []struct {
		args   []string
		code   int
		stderr string // a part of it
	}{
		{[]string{"run"}, exitUsage, `"config" not set`},
		{[]string{"run", "-c", "/nowhere/port.yaml"}, exitConfig, "/nowhere/port.yaml"},
		{[]string{"run", "-c", secret}, exitConfig, ":1: "},
		{[]string{"run", "-c", withoutToken}, exitConfig, "link.token_file: secret file: no such file"},
		{[]string{"hub"}, exitUsage, `"token-secret-file" not set`},
		{[]string{"hub", "--token-secret-file", "/nowhere/secret"}, exitConfig, "--token-secret-file: secret file: no such file"},
		{[]string{"hub", "--token-secret-file", open}, exitConfig, "chmod 640"},
		{[]string{"hub", "--token-secret-file", short}, exitConfig, "--token-secret-file: " + short + ": expected a secret of 32 random bytes"},
		{[]string{"token", "--secret-file", short, "--user", "u", "--channel", "c"}, exitConfig, "--secret-file: " + short + ": expected a secret of 32 random bytes"},
		{[]string{"hub", "--token-secret-file", secret, "--redis", "redis://:" + testSecret + "@h"}, exitConfig, "without user or password"},
		{[]string{"hub", "--token-secret-file", secret, "--redis", "127.0.0.1:6379"}, exitConfig, "redis:// or rediss://"},
		{[]string{"hub", "--token-secret-file", secret, "--log-level", "loud"}, exitConfig, `"loud"`},
		{[]string{"hub", "--token-secret-file", secret, "--log-format", "verse"}, exitConfig, `"verse"`},
		{[]string{"hub", "--token-secret-file", secret, "--listen", taken.Addr().String()}, exitFailed, taken.Addr().String()},
		{[]string{"token", "--user", "north"}, exitUsage, "not set"},
		{[]string{"token", "--secret-file", secret, "--user", "u", "--channel", "c", "--ttl", "-1h"}, exitUsage, "--ttl"},
		{[]string{"token", "--secret-file", secret, "--user", "u", "--channel", "c", "--role", "KING"}, exitUsage, "--role"},
	} {
		code, stdout, stderr := talkgate(t, "", tc.args...)
		if code != tc.code || !strings.Contains(stderr, tc.stderr) || stdout != "" {
			t.Errorf("talkgate %s: exit code %d, want %d; stderr %q, want %q in it; stdout %q",
				strings.Join(tc.args, " "), code, tc.code, stderr, tc.stderr, stdout)
		}
		if strings.Contains(stderr, testSecret) {
			t.Errorf("talkgate %s: shows the secret", tc.args[0])
		}
	}
}

func TestTokenCarriesItsClaims(t *testing.T) {
	secret := writeFile(t, "secret", testSecret+"\n", 0o600)
	code, token, stderr := talkgate(t, "", "token", "--secret-file", secret, "--user", "desk", "--name", "Front desk",
		"--role", "DISPATCH", "--global-role", "ADMIN", "--event", "fair", "--channel", "gates", "--channel", "yard", "--ttl", "2h")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var c auth.Claims
	_, err := jwt.ParseWithClaims(strings.TrimSpace(token), &c, func(*jwt.Token) (any, error) { return []byte(testSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatal(err)
	}
	if c.UserID != "desk" || c.UserName != "Front desk" || c.Role != "DISPATCH" || c.GlobalRole != "ADMIN" ||
		c.EventID != "fair" || strings.Join(c.ChannelIDs, " ") != "gates yard" || c.ExpiresAt.Sub(c.IssuedAt.Time).Hours() != 2 {
		t.Errorf("got %+v", c)
	}
}

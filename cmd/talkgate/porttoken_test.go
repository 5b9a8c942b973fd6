package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/options"
)

// TestAPortWithSomebodyElsesToken ends at once, with the exit code that says that
// trying again is of no use, and without showing the token.
func TestAPortWithSomebodyElsesToken(t *testing.T) {
	secret := writeFile(t, "secret", testSecret, 0o600)
	mint := func(args ...string) string {
		code, token, stderr := talkgate(t, "", append([]string{"token", "--secret-file", secret}, args...)...)
		if code != exitOK {
			t.Fatal(stderr)
		}
		return token
	}
	for _, tc := range []struct {
		name, token, stderr string
	}{
		{"user", mint("--user", "south-gate", "--channel", "gates"), `expected a token of "north-gate", as identity.user_id says, found one of "south-gate"`},
		{"channel", mint("--user", "north-gate", "--channel", "yard", "--channel", "roof"), `expected a token for channel "gates", found one for ["yard" "roof"]`},
		{"no token", "correct-horse-battery-staple", "not a member's token (JWT)"},
		{"no member", "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "userId is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := writeFile(t, "port.token", tc.token, 0o600)
			port := writeFile(t, "port.yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: north-gate, user_name: North gate}
redis: {url: "redis://127.0.0.1:1"}
link: {kind: hub, url: "http://127.0.0.1:1", token_file: %q}
hardware: {driver: sim}
`, file), 0o600)
			code, _, stderr := talkgate(t, "", "run", "--config", port)
			if code != exitConfig || !strings.Contains(stderr, tc.stderr) || !strings.Contains(stderr, "link.token_file: "+file) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q in it", code, exitConfig, stderr, tc.stderr)
			}
			if strings.Contains(stderr, strings.TrimSpace(tc.token)) {
				t.Error("shows the token")
			}
		})
	}
}

// TestTokensThatFit are those of a role that may join every channel, and any that
// the port reads later, when it connects again.
func TestTokensThatFit(t *testing.T) {
	secret := writeFile(t, "secret", testSecret, 0o600)
	cfg := config.Default()
	cfg.Channel, cfg.Identity.UserID = "gates", "north-gate"
	for _, args := range [][]string{
		{"--channel", "gates"},
		{"--channel", "yard", "--channel", "gates"},
		{"--channel", "yard", "--role", "ADMIN"},
		{"--channel", "yard", "--global-role", "ADMIN"},
	} {
		_, token, stderr := talkgate(t, "", append([]string{"token", "--secret-file", secret, "--user", "north-gate"}, args...)...)
		file := config.File(writeFile(t, "port.token", token, 0o600))
		if got, err := options.PortToken(file, cfg); err != nil || got != strings.TrimSpace(token) {
			t.Errorf("%v: %v %s", args, err, stderr)
		}
	}
}

// TestRoleOfAnotherToken: the floor would be asked for with a priority that the
// token does not have.
func TestRoleOfAnotherToken(t *testing.T) {
	secret := writeFile(t, "secret", testSecret, 0o600)
	_, token, _ := talkgate(t, "", "token", "--secret-file", secret, "--user", "u", "--channel", "c", "--role", "GENERAL")
	for role, warns := range map[string]bool{"GENERAL": false, "DISPATCH": true} {
		var said strings.Builder
		options.WarnOfRole(strings.TrimSpace(token), role, slog.New(slog.NewTextHandler(&said, nil)))
		if strings.Contains(said.String(), "identity.role") != warns {
			t.Errorf("%s: said %q", role, said.String())
		}
	}
}

package main

import (
	"github.com/talkgate/talkgate/gateway/daemon"

	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/state/fleet"
)

// fleetSite is a site whose ports are in a fleet.
type fleetSite struct {
	*site
	publicKey string
}

func newFleetSite(t *testing.T) *fleetSite {
	t.Helper()
	s := &fleetSite{site: newSite(t)}
	code, out, stderr := talkgate(t, "", "fleet", "keygen", "--out", s.path("fleet.key"))
	if code != exitOK {
		t.Fatal(stderr)
	}
	s.publicKey = out
	if info, err := os.Stat(s.path("fleet.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the private key: %v, %v", info, err)
	}
	if code, _, _ := talkgate(t, "", "fleet", "keygen", "--out", s.path("fleet.key")); code != exitFailed {
		t.Error("a key is written over")
	}
	return s
}

// member writes what a port of the fleet has of its own, and starts it.
func (s *fleetSite) member(user string) *process {
	s.t.Helper()
	s.prepare(user) // its token
	s.grant(user)
	if err := os.Mkdir(s.path(user), 0o700); err != nil && !os.IsExist(err) {
		s.t.Fatal(err)
	}
	s.write(user+".yaml", fmt.Sprintf("version: 1\nidentity: {user_id: %[1]s, user_name: The %[1]s gate}\nredis: {url: %[2]q}\n%[3]s  group: gates\n  state: %[1]s\n  probation: 5s\nstatus: {report: 1s}\n%[4]s",
		user, s.redisURL, s.publicKey, s.more))
	return start(s.t, user, "run", "--config", s.path(user+".yaml"))
}

// fleet runs a command of an operator.
func (s *fleetSite) fleet(want int, args ...string) string {
	s.t.Helper()
	args = append(append([]string{"fleet"}, args...), "--redis", s.redisURL)
	if c := args[1]; c == "apply" || c == "rollback" {
		args = append(args, "--key", s.path("fleet.key"))
	}
	code, out, stderr := talkgate(s.t, "", args...)
	if code != want {
		s.t.Fatalf("talkgate %s: exit code %d, %s%s", strings.Join(args, " "), code, out, stderr)
	}
	return out + stderr
}

func (s *fleetSite) says(text, want string) {
	s.t.Helper()
	if !strings.Contains(text, want) {
		s.t.Errorf("expected %q in:\n%s", want, text)
	}
}

func (s *fleetSite) layers(more string) {
	s.write("fleet.yaml", fmt.Sprintf(`version: 1
defaults:
  link: {kind: hub, url: %q}
  hardware: {driver: sim}
  log: {level: info}
groups:
  gates:
    channel: gates
gateways:
  north:
    link: {token_file: north.token}
%s`, s.hubURL, more))
}

// TestAFleet is what an operator does with a port that has nothing but its
// identity: first configuration, a live change in mid-spurt, one that takes a
// restart, one that is refused, one that does no good, and the way back.
func TestAFleet(t *testing.T) {
	s := newFleetSite(t)
	north := s.member("north")
	north.until(`msg="the fleet's documents are waited for"`)
	s.layers("")
	file := s.path("fleet.yaml")
	s.says(s.fleet(exitOK, "diff", "-f", file), "group/gates    channel          -")
	s.says(s.fleet(exitOK, "apply", "-f", file, "--dry-run"), "nothing was changed")
	s.fleet(exitOK, "apply", "-f", file, "--reason", "first")
	north.until(`^state=idle lamps=link `)
	s.says(s.fleet(exitOK, "apply", "-f", file, "--reason", "again"), "nothing to change")
	north.until(`msg="the documents are good"`)

	north.say("press")
	north.until(`^state=talking`)
	s.layers("    talk: {max_talk: 1s}\n    log: {level: debug}\n")
	s.says(s.fleet(exitOK, "apply", "-f", file, "--wait"), "live")
	north.say("release") // a minute is its limit still
	north.until(`^state=idle`)
	north.say("press")
	north.until(`^state=refused .*why="talked for too long"`)
	north.say("release")
	north.until(`^state=idle`)

	s.layers("    key: {lead: 1s}\n")
	s.says(s.fleet(exitOK, "apply", "-f", file), "restarts the port")
	north.until(`msg="new documents take a restart" .*keys=\[key.lead\]`)
	north.until(`^state=idle lamps=link `)
	north.until(`msg="the documents are good"`)

	// A token that is not on the board, and a hub that nobody listens at.
	s.layers("    key: {lead: 2s}\n")
	wrong := strings.Replace(s.read("fleet.yaml"), "north.token", "nowhere.token", 1)
	s.write("wrong.yaml", wrong)
	s.fleet(exitOK, "apply", "-f", s.path("wrong.yaml"))
	north.until(`msg="documents are not obeyed" .*link.token_file`)
	s.fleet(exitOK, "rollback", "--reason", "sorry", "--wait")
	s.says(s.fleet(exitOK, "history"), "sorry")
	s.says(s.fleet(exitOK, "get", "gateway/north"), "lead: 1s")
	s.says(s.fleet(exitOK, "status"), "1 of 1 live gateways have it")

	s.write("wrong.yaml", strings.Replace(s.read("fleet.yaml"), s.hubURL, "http://127.0.0.1:1", 1))
	s.says(s.fleet(exitFailed, "apply", "-f", s.path("wrong.yaml"), "--canary", "100%", "--hold", "1s", "--wait", "--force"), "was halted: north: link or Redis were missing")
	north.until(`msg="back to the documents before"`)
	north.until(`^state=idle lamps=link `)
	s.says(s.fleet(exitFailed, "apply", "-f", s.path("wrong.yaml")), "--force tries it again")

	s.says(talkgateOut(t, "config", "check", s.path("north.yaml")), "ok")
	if cfg, err := daemon.LoadPort(s.path("north.yaml")); err != nil || cfg.Channel != "gates" || cfg.Key.Lead.String() != "1s" {
		t.Errorf("a doctor sees %+v, %v", cfg, err)
	}

	// It begins with what it knows when nobody can be asked.
	north.stop(syscall.SIGTERM)
	s.write("north.yaml", strings.Replace(s.read("north.yaml"), s.redisURL, "redis://127.0.0.1:1", 1))
	north = start(t, "north", "run", "--config", s.path("north.yaml"))
	north.until(`msg="session with the hub"`)
}

func talkgateOut(t *testing.T, args ...string) string {
	t.Helper()
	_, out, stderr := talkgate(t, "", args...)
	return out + stderr
}

// TestTwoOperatorsOfAFleet: the second, who looked before the first was done, is
// told, and changes nothing.
func TestTwoOperatorsOfAFleet(t *testing.T) {
	s := newFleetSite(t)
	s.layers("")
	layers, err := (&fleetFile{path: s.path("fleet.yaml")}).read(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := signer{keyFile: s.path("fleet.key"), author: "second"}
	key, err := sign.key()
	if err != nil {
		t.Fatal(err)
	}
	p, err := planFleet(t.Context(), s.state, layers, false)
	if err != nil {
		t.Fatal(err)
	}
	s.fleet(exitOK, "apply", "-f", s.path("fleet.yaml"), "--as", "first")
	if _, err := p.apply(t.Context(), s.state, sign, key, nil, 0); err == nil || !strings.Contains(err.Error(), "nothing was applied") {
		t.Errorf("the second was done: %v", err)
	}
	// Of another scope, it is only later.
	p.scopes = []fleet.Scope{"group/attic"}
	p.to = map[fleet.Scope]fleet.Settings{"group/attic": {"channel": "attic"}}
	a, err := p.apply(t.Context(), s.state, sign, key, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := s.state.FleetHistory(t.Context(), 10); err != nil || len(h) != 2 || h[0].Author != "second" || h[0].Version != a.Version || h[1].Version >= a.Version {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestFleetRefusals(t *testing.T) {
	s := newFleetSite(t)
	for _, tc := range []struct {
		file string
		args []string
		code int
		says string
	}{
		{"version: 1\ndefaults: {talk: {lease: 5s}}\n", nil, exitConfig, "talk.lock_ttl"},
		{"version: 1\ndefaults: {redis: {url: \"redis://x\"}}\n", nil, exitConfig, "redis.url"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--group", "attic"}, exitConfig, "attic"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--canary", "some"}, exitUsage, "--canary"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--canary", "5%"}, exitFailed, "gateways that are on air"},
	} {
		s.write("bad.yaml", tc.file)
		s.says(s.fleet(tc.code, append([]string{"apply", "-f", s.path("bad.yaml")}, tc.args...)...), tc.says)
	}
	if h, err := s.state.FleetHistory(t.Context(), 10); err != nil || len(h) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	s.says(s.fleet(exitFailed, "rollback"), "nothing to take back")
	s.says(s.fleet(exitUsage, "get", "everything"), "expected defaults")
	s.says(s.fleet(exitOK, "status"), "nothing was ever applied")
}

package processes

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/daemon"
)

// fleetSite is a site whose ports are in a fleet.
type fleetSite struct {
	*talkgatetest.Site
	publicKey string
}

func newFleetSite(t *testing.T) *fleetSite {
	t.Helper()
	s := &fleetSite{Site: talkgatetest.NewSite(t)}
	code, out, stderr := talkgatetest.Run(t, "", "fleet", "keygen", "--out", s.Path("fleet.key"))
	if code != talkgatetest.ExitOK {
		t.Fatal(stderr)
	}
	s.publicKey = out
	if info, err := os.Stat(s.Path("fleet.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the private key: %v, %v", info, err)
	}
	if code, _, _ := talkgatetest.Run(t, "", "fleet", "keygen", "--out", s.Path("fleet.key")); code != talkgatetest.ExitFailed {
		t.Error("a key is written over")
	}
	return s
}

// member writes what a port of the fleet has of its own, and starts it.
func (s *fleetSite) member(user string) *talkgatetest.Process {
	s.T.Helper()
	s.Prepare(user) // its token
	s.Grant(user)
	if err := os.Mkdir(s.Path(user), 0o700); err != nil && !os.IsExist(err) {
		s.T.Fatal(err)
	}
	s.Write(user+".yaml", fmt.Sprintf("version: 1\nidentity: {user_id: %[1]s, user_name: The %[1]s gate}\nredis: {url: %[2]q}\n%[3]s  group: gates\n  state: %[1]s\n  probation: 5s\nstatus: {report: 1s}\n%[4]s",
		user, s.RedisURL, s.publicKey, s.More))
	return talkgatetest.Start(s.T, user, "run", "--config", s.Path(user+".yaml"))
}

// fleet runs a command of an operator.
func (s *fleetSite) fleet(want int, args ...string) string {
	s.T.Helper()
	args = append(append([]string{"fleet"}, args...), "--redis", s.RedisURL)
	if c := args[1]; c == "apply" || c == "rollback" {
		args = append(args, "--key", s.Path("fleet.key"))
	}
	code, out, stderr := talkgatetest.Run(s.T, "", args...)
	if code != want {
		s.T.Fatalf("talkgate %s: exit code %d, %s%s", strings.Join(args, " "), code, out, stderr)
	}
	return out + stderr
}

func (s *fleetSite) says(text, want string) {
	s.T.Helper()
	if !strings.Contains(text, want) {
		s.T.Errorf("expected %q in:\n%s", want, text)
	}
}

func (s *fleetSite) layers(more string) {
	s.Write("fleet.yaml", fmt.Sprintf(`version: 1
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
%s`, s.HubURL, more))
}

// TestAFleet is what an operator does with a port that has nothing but its
// identity: first configuration, a live change in mid-spurt, one that takes a
// restart, one that is refused, one that does no good, and the way back.
func TestAFleet(t *testing.T) {
	s := newFleetSite(t)
	north := s.member("north")
	north.Until(`msg="the fleet's documents are waited for"`)
	s.layers("")
	file := s.Path("fleet.yaml")
	s.says(s.fleet(talkgatetest.ExitOK, "diff", "-f", file), "group/gates    channel          -")
	s.says(s.fleet(talkgatetest.ExitOK, "apply", "-f", file, "--dry-run"), "nothing was changed")
	s.fleet(talkgatetest.ExitOK, "apply", "-f", file, "--reason", "first")
	north.Until(`^state=idle lamps=link `)
	s.says(s.fleet(talkgatetest.ExitOK, "apply", "-f", file, "--reason", "again"), "nothing to change")
	north.Until(`msg="the documents are good"`)

	north.Say("press")
	north.Until(`^state=talking`)
	s.layers("    talk: {max_talk: 1s}\n    log: {level: debug}\n")
	s.says(s.fleet(talkgatetest.ExitOK, "apply", "-f", file, "--wait"), "live")
	north.Say("release") // a minute is its limit still
	north.Until(`^state=idle`)
	north.Say("press")
	north.Until(`^state=refused .*why="talked for too long"`)
	north.Say("release")
	north.Until(`^state=idle`)

	s.layers("    key: {lead: 1s}\n")
	s.says(s.fleet(talkgatetest.ExitOK, "apply", "-f", file), "restarts the port")
	north.Until(`msg="new documents take a restart" .*keys=\[key.lead\]`)
	north.Until(`^state=idle lamps=link `)
	north.Until(`msg="the documents are good"`)

	// A token that is not on the board, and a hub that nobody listens at.
	s.layers("    key: {lead: 2s}\n")
	wrong := strings.Replace(s.Read("fleet.yaml"), "north.token", "nowhere.token", 1)
	s.Write("wrong.yaml", wrong)
	s.fleet(talkgatetest.ExitOK, "apply", "-f", s.Path("wrong.yaml"))
	north.Until(`msg="documents are not obeyed" .*link.token_file`)
	s.fleet(talkgatetest.ExitOK, "rollback", "--reason", "sorry", "--wait")
	s.says(s.fleet(talkgatetest.ExitOK, "history"), "sorry")
	s.says(s.fleet(talkgatetest.ExitOK, "get", "gateway/north"), "lead: 1s")
	s.says(s.fleet(talkgatetest.ExitOK, "status"), "1 of 1 live gateways have it")

	s.Write("wrong.yaml", strings.Replace(s.Read("fleet.yaml"), s.HubURL, "http://127.0.0.1:1", 1))
	s.says(s.fleet(talkgatetest.ExitFailed, "apply", "-f", s.Path("wrong.yaml"), "--canary", "100%", "--hold", "1s", "--wait", "--force"), "was halted: north: link or Redis were missing")
	north.Until(`msg="back to the documents before"`)
	north.Until(`^state=idle lamps=link `)
	s.says(s.fleet(talkgatetest.ExitFailed, "apply", "-f", s.Path("wrong.yaml")), "--force tries it again")

	s.says(talkgateOut(t, "config", "check", s.Path("north.yaml")), "ok")
	if cfg, err := daemon.LoadPort(s.Path("north.yaml")); err != nil || cfg.Channel != "gates" || cfg.Key.Lead.String() != "1s" {
		t.Errorf("a doctor sees %+v, %v", cfg, err)
	}

	// It begins with what it knows when nobody can be asked.
	north.Stop(syscall.SIGTERM)
	s.Write("north.yaml", strings.Replace(s.Read("north.yaml"), s.RedisURL, "redis://127.0.0.1:1", 1))
	north = talkgatetest.Start(t, "north", "run", "--config", s.Path("north.yaml"))
	north.Until(`msg="session with the hub"`)
}

func talkgateOut(t *testing.T, args ...string) string {
	t.Helper()
	_, out, stderr := talkgatetest.Run(t, "", args...)
	return out + stderr
}

func TestFleetRefusals(t *testing.T) {
	s := newFleetSite(t)
	for _, tc := range []struct {
		file string
		args []string
		code int
		says string
	}{
		{"version: 1\ndefaults: {talk: {lease: 5s}}\n", nil, talkgatetest.ExitConfig, "talk.lock_ttl"},
		{"version: 1\ndefaults: {redis: {url: \"redis://x\"}}\n", nil, talkgatetest.ExitConfig, "redis.url"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--group", "attic"}, talkgatetest.ExitConfig, "attic"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--canary", "some"}, talkgatetest.ExitUsage, "--canary"},
		{"version: 1\ndefaults: {log: {level: debug}}\n", []string{"--canary", "5%"}, talkgatetest.ExitFailed, "gateways that are on air"},
	} {
		s.Write("bad.yaml", tc.file)
		s.says(s.fleet(tc.code, append([]string{"apply", "-f", s.Path("bad.yaml")}, tc.args...)...), tc.says)
	}
	if h, err := s.State.FleetHistory(t.Context(), 10); err != nil || len(h) != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	s.says(s.fleet(talkgatetest.ExitFailed, "rollback"), "nothing to take back")
	s.says(s.fleet(talkgatetest.ExitUsage, "get", "everything"), "expected defaults")
	s.says(s.fleet(talkgatetest.ExitOK, "status"), "nothing was ever applied")
}

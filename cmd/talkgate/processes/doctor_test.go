package processes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/status"
)

// diagnose runs the doctor and returns its findings by check.
func diagnose(t *testing.T, config string) (code int, findings map[string]status.Finding) {
	t.Helper()
	code, stdout, stderr := talkgatetest.Run(t, "", "doctor", "--config", config, "--json")
	var all []status.Finding
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		t.Fatalf("%v: %q, %q", err, stdout, stderr)
	}
	findings = map[string]status.Finding{}
	for _, f := range all {
		findings[f.Check] = f
	}
	return code, findings
}

// TestDoctor spoils one thing after the other and wants that, and what to do
// about it, to be told, and nothing else.
func TestDoctor(t *testing.T) {
	s := talkgatetest.NewSite(t)
	config := s.Prepare("north")
	s.Grant("north")
	code, healthy := diagnose(t, config)
	checks := strings.Join(slices.Sorted(maps.Keys(healthy)), ", ")
	if code != talkgatetest.ExitOK || checks != "Redis, clock, configuration, fleet, input devices, lines and cards, link, mixer, recorder, sounds and codes, status page, talk rights, token" {
		t.Fatalf("a healthy port: exit code %d, checks %s: %+v", code, checks, healthy)
	}
	good := s.Read("north.yaml")
	for _, tc := range []struct {
		check, replace, with, do string
	}{
		{"token", "token_file: north.token", "token_file: none.token", "control plane"},
		{"token", "user_id: north", "user_id: north2", "control plane"},
		{"Redis", s.RedisURL, "redis://127.0.0.1:1", "redis.url"}, // where nobody listens
		{"link", s.HubURL, "http://127.0.0.1:1", "link.url"},
		{"configuration", "channel: gates", "channel: {}", "config example"},
	} {
		s.Write("bad.yaml", strings.Replace(good, tc.replace, tc.with, 1))
		code, found := diagnose(t, s.Path("bad.yaml"))
		if f := found[tc.check]; code != talkgatetest.ExitFailed || f.OK || !strings.Contains(f.Do, tc.do) {
			t.Errorf("%s for %s: exit code %d, %+v", tc.with, tc.replace, code, found)
		}
	}
	s.Revoke("north")
	code, found := diagnose(t, config)
	if f := found["talk rights"]; code != talkgatetest.ExitFailed || f.OK || f.Do != "talkgate rights grant north gates" {
		t.Errorf("without rights: exit code %d, %+v", code, f)
	}
	code, stdout, _ := talkgatetest.Run(t, "", "doctor", "--config", config)
	if code != talkgatetest.ExitFailed || !strings.Contains(stdout, "NOT OK  talk rights") || !strings.Contains(stdout, "do: talkgate rights grant north gates") {
		t.Errorf("in words: exit code %d\n%s", code, stdout)
	}
}

// TestDoctorOfSeveralChannels wants to be told of each channel that the selector chooses
// from or that is monitored, if something is missing there.
func TestDoctorOfSeveralChannels(t *testing.T) {
	s := talkgatetest.NewSite(t)
	for _, tc := range []struct {
		name          string
		token, rights string // channels besides gates
		monitor       string
		check, do     string // empty: all is well
	}{
		{name: "all", token: "yards docks", rights: "yards docks", monitor: "tower"},
		{name: "a right is missing", token: "yards docks", rights: "docks", check: "talk rights", do: "talkgate rights grant desk yards"},
		{name: "two rights are missing", token: "yards docks", check: "talk rights", do: "talkgate rights grant desk yards docks"},
		{name: "the token lacks a position", token: "yards", rights: "yards docks", check: "token", do: "have the control plane make one that names docks, too"},
		{name: "the token lacks a monitored one", token: "yards docks", rights: "yards docks", monitor: "mast", check: "token", do: "have the control plane make one that names mast, too"},
	} {
		if _, err := s.State.RevokeRights(t.Context(), "desk", "yards", "docks"); err != nil {
			t.Fatal(err)
		}
		rights := append([]string{"gates"}, strings.Fields(tc.rights)...)
		if _, err := s.State.GrantRights(t.Context(), "desk", rights...); err != nil {
			t.Fatal(err)
		}
		args := []string{"token", "--secret-file", s.Path("hub.secret"), "--user", "desk", "--channel", "gates", "--channel", "tower"}
		for id := range strings.FieldsSeq(tc.token) {
			args = append(args, "--channel", id)
		}
		code, token, stderr := talkgatetest.Run(t, "", args...)
		if code != talkgatetest.ExitOK {
			t.Fatal(stderr)
		}
		s.Write("desk.token", token)
		s.Write("desk.yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: desk, user_name: Desk}
redis: {url: "%s"}
link: {kind: hub, url: "%s", token_file: desk.token, monitor: %q}
selector: {kind: rotary, channels: gates yards docks}
hardware: {driver: sim}
`, s.RedisURL, s.HubURL, tc.monitor))
		code, found := diagnose(t, s.Path("desk.yaml"))
		if tc.check == "" {
			if code != talkgatetest.ExitOK || !strings.Contains(found["talk rights"].Found, "gates, yards, docks") {
				t.Errorf("%s: exit code %d, %+v", tc.name, code, found)
			}
			continue
		}
		if f := found[tc.check]; code != talkgatetest.ExitFailed || f.OK || f.Do != tc.do {
			t.Errorf("%s: exit code %d, %+v", tc.name, code, found)
		}
	}
}

package processes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// joinSite is a hub with an authority of its own, and boards that join it.
type joinSite struct {
	*talkgatetest.Site
	commands int // that the technician has given for the latest board
}

func newJoinSite(t *testing.T) *joinSite {
	t.Helper()
	s := &joinSite{Site: talkgatetest.NewSite(t)}
	s.Hub = talkgatetest.Start(t, "secure hub", "hub", "--listen", "127.0.0.1:0", "--redis", s.RedisURL,
		"--token-secret-file", s.Path("hub.secret"), "--tls-own-ca", s.Path("ca"))
	s.HubURL = s.Hub.Until(`msg="hub listens".* url=(\S+)`)
	return s
}

// technician gives one command, by the words of docs/join.md, and returns what it says.
func (s *joinSite) technician(want int, args ...string) string {
	s.T.Helper()
	s.commands++
	code, stdout, stderr := talkgatetest.Run(s.T, "", args...)
	if code != want {
		s.T.Fatalf("%s: exit code %d, expected %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout + stderr
}

var joinWords = regexp.MustCompile(`talkgate join (\S+)`)

// invite returns the code that the hub's machine shows.
func (s *joinSite) invite(args ...string) string {
	s.T.Helper()
	said := s.technician(talkgatetest.ExitOK, append([]string{"invite", "--redis", s.RedisURL}, args...)...)
	m := joinWords.FindStringSubmatch(said)
	if m == nil || !strings.Contains(said, "▄") {
		s.T.Fatalf("no code, or no QR code:\n%s", said)
	}
	return m[1]
}

// join is what the technician types at the board; dir stands for its disk.
func (s *joinSite) join(dir, code string) []string {
	return []string{"join", code, "--hub", s.HubURL, "--board", "sim", "--config-dir", filepath.Join(dir, "etc"), "--state-dir", filepath.Join(dir, "var"), "--no-start"}
}

// TestTwoBoardsJoin plays the technician: one command on the hub's machine, one on each
// board, and a press on one is heard on the other. Nothing is copied but the code.
func TestTwoBoardsJoin(t *testing.T) {
	s := newJoinSite(t)
	ports := map[string]*talkgatetest.Process{}
	for _, user := range []string{"north", "south"} {
		s.commands = 0
		dir := s.Path(user)
		code := s.invite(user, "--channel", "gates")
		said := s.technician(talkgatetest.ExitOK, s.join(dir, code)...)
		if !strings.Contains(said, "This board is "+user+" on gates") {
			t.Error(said)
		}
		if s.commands > 2 {
			t.Errorf("%s took %d commands, expected 2", user, s.commands)
		}
		ports[user] = talkgatetest.Start(t, user, "run", "--config", filepath.Join(dir, "etc", user+".yaml"))
	}
	for _, p := range ports {
		p.Until(`^state=idle lamps=link `)
	}
	ports["north"].Say("press")
	ports["south"].Until(`speaker=heard holder="north"`)
	ports["north"].Say("release")

	// What is on the board passes doctor; but for the link, which the running port has.
	if _, findings := diagnose(t, s.Path("south/etc/south.yaml")); !findings["Redis"].OK || !findings["talk rights"].OK || !strings.Contains(findings["token"].Found, "renewed by the port itself") {
		t.Errorf("doctor: %+v", findings)
	}
	if listed := s.technician(talkgatetest.ExitOK, "devices", "--redis", s.RedisURL); !strings.Contains(listed, "north") || strings.Count(listed, "enrolled") != 2 {
		t.Error(listed)
	}

	// Revoking takes all of it away at once, and says so.
	s.technician(talkgatetest.ExitOK, "devices", "revoke", "north", "--redis", s.RedisURL)
	s.Hub.Until(`msg="session ended".*user=north`)
	ports["north"].Until(`msg="no session with the hub".*(revoked by|not enrolled)`)
	ports["south"].Say("press")
	if !ports["south"].Hears(`state=talking`, talkgatetest.Patience) {
		t.Error("the other board talks no more")
	}
	if code, findings := diagnose(t, s.Path("north/etc/north.yaml")); code == talkgatetest.ExitOK || findings["Redis"].OK || findings["link"].OK {
		t.Errorf("doctor of a revoked board: exit code %d, %+v", code, findings)
	}
}

// TestJoiningThatFails leaves nothing behind, and says why in words of its own.
func TestJoiningThatFails(t *testing.T) {
	s := newJoinSite(t)
	dir := s.Path("board")
	fails := func(want int, words string, args ...string) {
		t.Helper()
		if said := s.technician(want, args...); !strings.Contains(said, words) {
			t.Errorf("expected %q:\n%s", words, said)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*", "*")); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
	fails(talkgatetest.ExitUsage, "check the typing", s.join(dir, "K7M-2Q9-XDX")...)
	code := s.invite("north", "--channel", "gates", "--for", "1s")
	for deadline := time.Now().Add(talkgatetest.Patience); ; time.Sleep(100 * time.Millisecond) {
		listed := s.technician(talkgatetest.ExitOK, "devices", "--redis", s.RedisURL)
		if !strings.Contains(listed, "invited") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(listed)
		}
	}
	fails(talkgatetest.ExitFailed, "the code has expired: ask for a new one", s.join(dir, code)...)
	code = s.invite("north", "--channel", "gates")
	nobody := s.join(dir, code)
	nobody[3] = "https://127.0.0.1:1"
	fails(talkgatetest.ExitFailed, "the hub cannot be reached at https://127.0.0.1:1", nobody...)

	// A disk that takes nothing: a file stands where the directory should be.
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(talkgatetest.ExitFailed, "nothing was changed", s.join(dir, code)...)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s.technician(talkgatetest.ExitOK, s.join(dir, code)...)
	other := s.Path("other")
	if said := s.technician(talkgatetest.ExitFailed, s.join(other, code)...); !strings.Contains(said, "used already") {
		t.Error(said)
	}
	// A board without a sound card, of which nobody says how it is wired.
	code = s.invite("west", "--channel", "gates")
	bare := []string{"join", code, "--hub", s.HubURL, "--config-dir", filepath.Join(s.Path("bare"), "etc"), "--state-dir", filepath.Join(s.Path("bare"), "var")}
	if said := s.technician(talkgatetest.ExitFailed, bare...); !strings.Contains(said, "nothing was changed") {
		t.Error(said)
	}
	var devices struct {
		UserID string `json:"userId"`
	}
	if err := json.Unmarshal([]byte(s.technician(talkgatetest.ExitOK, "devices", "--json", "--redis", s.RedisURL)), &devices); err != nil || devices.UserID != "north" {
		t.Errorf("%+v, %v", devices, err)
	}
}

// TestATokenIsRenewedOnAir: a port outlives many tokens in one session.
func TestATokenIsRenewedOnAir(t *testing.T) {
	s := &joinSite{Site: talkgatetest.NewSite(t)}
	s.Hub = talkgatetest.Start(t, "hasty hub", "hub", "--listen", "127.0.0.1:0", "--redis", s.RedisURL,
		"--token-secret-file", s.Path("hub.secret"), "--tls-own-ca", s.Path("ca"), "--board-token-life", "3s")
	s.HubURL = s.Hub.Until(`msg="hub listens".* url=(\S+)`)
	dir := s.Path("north")
	s.technician(talkgatetest.ExitOK, s.join(dir, s.invite("north", "--channel", "gates"))...)
	config := filepath.Join("north", "etc", "north.yaml")
	s.Write(config, strings.Replace(s.Read(config), `listen: ""`, `listen: "127.0.0.1:0"`, 1))
	p := talkgatetest.Start(t, "north", "run", "--config", s.Path(config))
	at := "http://" + p.Until(`msg="status is served" address=(\S+)`)
	p.Until(`^state=idle lamps=link `)
	seen := map[time.Time]bool{}
	for deadline := time.Now().Add(2 * talkgatetest.Patience); len(seen) < 5; time.Sleep(100 * time.Millisecond) {
		var now struct {
			Link  bool `json:"link"`
			Token struct {
				Until  time.Time `json:"until"`
				Renews bool      `json:"renews"`
			} `json:"token"`
		}
		if err := json.Unmarshal([]byte(talkgatetest.Get(t, at+"/status")), &now); err != nil {
			t.Fatal(err)
		}
		if !now.Link || !now.Token.Renews {
			t.Fatalf("%+v", now)
		}
		if seen[now.Token.Until] = true; time.Now().After(deadline) {
			t.Fatalf("only %d tokens", len(seen))
		}
	}
	if metrics := talkgatetest.Get(t, at+"/metrics"); !strings.Contains(metrics, "talkgate_port_token_renewed 1") {
		t.Error("the metrics do not tell of it")
	}
	p.Say("press")
	p.Until(`state=talking`)
	select {
	case line := <-s.Hub.Lines:
		for ; ; line = <-s.Hub.Lines {
			if strings.Contains(line, "session ended") {
				t.Error(line)
			}
			if len(s.Hub.Lines) == 0 {
				break
			}
		}
	default:
	}
}

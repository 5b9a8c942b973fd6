package talkgatetest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// Site is a hub and its ports, each a process, on a real Redis.
type Site struct {
	T        *testing.T
	Dir      string // of the files that processes are told
	RedisURL string
	HubURL   string
	Hub      *Process
	State    *redis.Client
	More     string // of the ports' configurations
}

// NewSite starts Redis and a hub.
func NewSite(t *testing.T) *Site {
	t.Helper()
	s := &Site{T: t, Dir: t.TempDir(), RedisURL: redistest.Start(t).URL}
	s.Write("hub.secret", "a secret of this test, 32 bytes and more\n")
	var err error
	if s.State, err = redis.Open(conn.Config{URL: s.RedisURL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.State.Close() })
	s.Hub = Start(t, "hub", "hub", "--listen", "127.0.0.1:0", "--redis", s.RedisURL, "--token-secret-file", s.Path("hub.secret"))
	s.HubURL = s.Hub.Until(`msg="hub listens".* url=(\S+)`)
	return s
}

// Path is that of a file.
func (s *Site) Path(name string) string { return filepath.Join(s.Dir, name) }

// Write writes a file that only its owner reads.
func (s *Site) Write(name, content string) {
	s.T.Helper()
	if err := os.WriteFile(s.Path(name), []byte(content), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// Prepare writes what a virtual radio is told, and returns where.
func (s *Site) Prepare(user string) (config string) {
	return s.PrepareAs(user, redis.RoleGeneral, s.RedisURL)
}

// PrepareAs is prepare for one with a role and a way to Redis of its own.
func (s *Site) PrepareAs(user string, role redis.Role, redisURL string) (config string) {
	s.T.Helper()
	code, token, stderr := Run(s.T, "", "token", "--secret-file", s.Path("hub.secret"), "--user", user, "--channel", "gates", "--role", string(role), "--ttl", "2160h")
	if code != ExitOK {
		s.T.Fatal(stderr)
	}
	s.Write(user+".token", token)
	s.Write(user+".yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s gate, role: %[4]s}
redis: {url: "%[2]s"}
link: {kind: hub, url: "%[3]s", token_file: %[1]s.token}
hardware: {driver: sim}
%[5]s`, user, redisURL, s.HubURL, role, s.More))
	return s.Path(user + ".yaml")
}

// Port starts a virtual radio that may talk and waits until it is on air.
func (s *Site) Port(user string) *Process { return s.PortAs(user, redis.RoleGeneral, s.RedisURL) }

// PortAs is port for one with a role and a way to Redis of its own.
func (s *Site) PortAs(user string, role redis.Role, redisURL string) *Process {
	s.T.Helper()
	config := s.PrepareAs(user, role, redisURL)
	s.Grant(user)
	p := Start(s.T, user, "run", "--config", config)
	p.Until(`^state=idle lamps=link `)
	return p
}

// Grant gives the right to talk on the site's channel.
func (s *Site) Grant(user string) {
	s.T.Helper()
	if _, err := s.State.GrantRights(s.T.Context(), user, "gates"); err != nil {
		s.T.Fatal(err)
	}
}

// Revoke takes it away.
func (s *Site) Revoke(user string) {
	s.T.Helper()
	if _, err := s.State.RevokeRights(s.T.Context(), user, "gates"); err != nil {
		s.T.Fatal(err)
	}
}

// Read is the text of a file.
func (s *Site) Read(name string) string {
	s.T.Helper()
	text, err := os.ReadFile(s.Path(name))
	if err != nil {
		s.T.Fatal(err)
	}
	return string(text)
}

// Tuned starts a port on the first of the channels that it has a token and rights for,
// with more to say of its link, and more keys. at is where its status is.
func (s *Site) Tuned(user string, channels []string, link, keys string) (p *Process, at string) {
	s.T.Helper()
	args := []string{"token", "--secret-file", s.Path("hub.secret"), "--user", user}
	for _, id := range channels {
		args = append(args, "--channel", id)
	}
	code, token, stderr := Run(s.T, "", args...)
	if code != ExitOK {
		s.T.Fatal(stderr)
	}
	s.Write(user+".token", token)
	s.Write(user+".yaml", fmt.Sprintf(`version: 1
channel: %[2]s
identity: {user_id: %[1]s, user_name: %[1]s}
redis: {url: "%[3]s"}
link: {kind: hub, url: "%[4]s", token_file: %[1]s.token, %[5]s}
hardware: {driver: sim}
status: {listen: "127.0.0.1:0"}
%[6]s
`, user, channels[0], s.RedisURL, s.HubURL, link, keys))
	if _, err := s.State.GrantRights(s.T.Context(), user, channels...); err != nil {
		s.T.Fatal(err)
	}
	p = Start(s.T, user, "run", "--config", s.Path(user+".yaml"))
	return p, "http://" + p.Until(`msg="status is served" address=(\S+)`)
}

// Sighted waits until the fleet knows of a gateway what ok asks for.
func (s *Site) Sighted(gateway, what string, ok func(fleet.Sighting) bool) {
	s.T.Helper()
	var last fleet.Sighting
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all, err := s.State.ReadReports(s.T.Context(), gateway)
		if err != nil {
			s.T.Fatal(err)
		}
		if len(all) == 1 {
			if last = all[0]; ok(last) {
				return
			}
		}
	}
	s.T.Fatalf("never: %s; the last report is %+v", what, last)
}

// Get is the body of a page, which must be there.
func Get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, answer.Status, err, body)
	}
	return string(body)
}

// InOrder reports whether text has the parts, one after the other.
func InOrder(text string, parts ...string) bool {
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(parts, `.*`)).MatchString(text)
}

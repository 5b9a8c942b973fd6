package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// site is a hub and its ports, each a process, on a real Redis.
type site struct {
	t        *testing.T
	dir      string
	redisURL string
	hubURL   string
	hub      *process
	state    *redis.Client
	more     string // of the ports' configurations
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), redisURL: redistest.Start(t).URL}
	s.write("hub.secret", "a secret of this test, 32 bytes and more\n")
	var err error
	if s.state, err = redis.Open(redis.Config{URL: s.redisURL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.state.Close() })
	s.hub = start(t, "hub", "hub", "--listen", "127.0.0.1:0", "--redis", s.redisURL, "--token-secret-file", s.path("hub.secret"))
	s.hubURL = "http://" + s.hub.until(`msg="hub listens".* address=(\S+)`)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// prepare writes what a virtual radio is told, and returns where.
func (s *site) prepare(user string) (config string) {
	return s.prepareAs(user, redis.RoleGeneral, s.redisURL)
}

// prepareAs is prepare for one with a role and a way to Redis of its own.
func (s *site) prepareAs(user string, role redis.Role, redisURL string) (config string) {
	s.t.Helper()
	code, token, stderr := talkgate(s.t, "", "token", "--secret-file", s.path("hub.secret"), "--user", user, "--channel", "gates", "--role", string(role))
	if code != exitOK {
		s.t.Fatal(stderr)
	}
	s.write(user+".token", token)
	s.write(user+".yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s gate, role: %[4]s}
redis: {url: "%[2]s"}
link: {kind: hub, url: "%[3]s", token_file: %[1]s.token}
hardware: {driver: sim}
%[5]s`, user, redisURL, s.hubURL, role, s.more))
	return s.path(user + ".yaml")
}

// port starts a virtual radio that may talk and waits until it is on air.
func (s *site) port(user string) *process { return s.portAs(user, redis.RoleGeneral, s.redisURL) }

// portAs is port for one with a role and a way to Redis of its own.
func (s *site) portAs(user string, role redis.Role, redisURL string) *process {
	s.t.Helper()
	config := s.prepareAs(user, role, redisURL)
	s.grant(user)
	p := start(s.t, user, "run", "--config", config)
	p.until(`^state=idle lamps=link `)
	return p
}

func (s *site) grant(user string) {
	s.t.Helper()
	if _, err := s.state.GrantRights(s.t.Context(), user, "gates"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) revoke(user string) {
	s.t.Helper()
	if _, err := s.state.RevokeRights(s.t.Context(), user, "gates"); err != nil {
		s.t.Fatal(err)
	}
}

// TestSeparateProcesses is the product as it is installed: nothing but Redis and
// the network between its parts.
func TestSeparateProcesses(t *testing.T) {
	s := newSite(t)
	north, south := s.port("north"), s.port("south")

	north.say("press")
	north.until(`^state=talking lamps=talk,link .* holder="north"`)
	south.until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	south.say("press")
	south.until(`^state=refused .*why="the channel is in use by The north gate"`)
	south.say("release")
	south.until(`^state=idle lamps=busy,link `)

	s.revoke("north")
	north.until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	south.until(`^state=idle lamps=link speaker=quiet`)

	north.say("release")
	s.grant("north")
	north.until(`^state=idle lamps=link `)
	north.say("press")
	north.until(`^state=talking`)
	south.until(`speaker=heard holder="north"`)
	north.say("release")
	north.until(`^state=idle lamps=link `)
	south.until(`^state=idle lamps=link speaker=quiet holder=""`)

	north.say("quit")
	if code := north.exit(time.Now()); code != exitOK {
		t.Errorf("quit: exit code %d", code)
	}
	south.stop(syscall.SIGTERM)
	s.hub.stop(syscall.SIGINT)
}

// TestKilledWhileTalking leaves the floor to nobody but its TTL.
func TestKilledWhileTalking(t *testing.T) {
	s := newSite(t)
	north, south := s.port("north"), s.port("south")
	north.say("press")
	south.until(`speaker=heard holder="north"`)
	north.signal(syscall.SIGKILL)

	view, err := s.state.ReadFloor(context.Background(), "gates")
	if err != nil {
		t.Fatal(err)
	}
	if view.Holder == nil || view.Holder.UserID != "north" || view.TTL <= 0 || view.TTL > 3*time.Second {
		t.Fatalf("after the kill the floor is %+v", view)
	}
	killed := time.Now()
	south.until(`^state=idle lamps=link speaker=quiet holder=""`)
	t.Logf("free %v after the kill", time.Since(killed).Round(10*time.Millisecond))
	south.say("press")
	south.until(`^state=talking lamps=talk,link`)
	south.stop(syscall.SIGTERM)
	view, err = s.state.ReadFloor(t.Context(), "gates")
	if err != nil {
		t.Fatal(err)
	}
	if view.Holder != nil {
		t.Errorf("a port told to end keeps the floor: %+v", view.Holder)
	}
}

// TestHubRestarts wants ports to come back by themselves.
func TestHubRestarts(t *testing.T) {
	s := newSite(t)
	north, south := s.port("north"), s.port("south")
	s.hub.signal(syscall.SIGKILL)
	north.until(`lamps=none`)
	south.until(`lamps=none`)
	s.hub = start(t, "hub", "hub", "--listen", s.hubURL[len("http://"):], "--redis", s.redisURL, "--token-secret-file", s.path("hub.secret"))
	s.hub.until(`msg="hub listens"`)
	north.until(`^state=idle lamps=link `)
	south.until(`^state=idle lamps=link `)
	north.say("press")
	south.until(`speaker=heard holder="north"`)
}

func (s *site) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

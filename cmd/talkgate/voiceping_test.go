package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestPortsOnVoicePingServers are two processes on a stand-in server: one is
// heard by the other, through the server, and loses its rights.
func TestPortsOnVoicePingServers(t *testing.T) {
	server, dir := redistest.Start(t), t.TempDir()
	state, err := redis.Open(redis.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	vp := standin.Start(standin.Config{Redis: server.Addr, Secret: []byte("secret of the test")})
	t.Cleanup(vp.Close)
	port := func(user string) *process {
		if _, err := state.GrantRights(t.Context(), user, "gates"); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{
			user + ".token": vp.Token(user, "GENERAL", time.Hour, "gates"),
			user + ".yaml": fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s gate}
redis: {url: "%[2]s"}
link: {kind: voiceping, url: "%[3]s", token_file: %[1]s.token}
hardware: {driver: sim}
`, user, server.URL, vp.URL),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := start(t, user, "run", "--config", filepath.Join(dir, user+".yaml"))
		p.until(`^state=idle lamps=link `)
		return p
	}
	north, south := port("north"), port("south")
	north.say("press")
	north.until(`^state=talking lamps=talk,link .* holder="north"`)
	south.until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	if vp.Stream("north", "gates").Forwarded == 0 {
		t.Error("the server forwards nothing: the floor was not taken there")
	}
	south.say("press")
	south.until(`^state=refused .*why="the channel is in use by`)
	if _, err := state.RevokeRights(t.Context(), "north", "gates"); err != nil {
		t.Fatal(err)
	}
	north.until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	south.say("release")
	south.until(`^state=idle lamps=link speaker=quiet holder=""`)
	north.stop(syscall.SIGTERM)
	south.stop(syscall.SIGTERM)
}

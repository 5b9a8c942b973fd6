package processes

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestPortsOnLiveKit are two ports and two guards, each a process, on a real
// LiveKit: heard, refused, revoked, and with rights again heard as before.
func TestPortsOnLiveKit(t *testing.T) {
	lk, server, dir := livekittest.Start(t, ""), redistest.Start(t), t.TempDir()
	state, err := redis.Open(conn.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	key := filepath.Join(dir, "livekit.key")
	if err := os.WriteFile(key, []byte(livekittest.KeyText), 0o600); err != nil {
		t.Fatal(err)
	}
	grant := func(user string) {
		if _, err := state.GrantRights(t.Context(), user, "gates"); err != nil {
			t.Fatal(err)
		}
	}
	port := func(user string) *talkgatetest.Process {
		grant(user)
		path := filepath.Join(dir, user+".yaml")
		if err := os.WriteFile(path, fmt.Appendf(nil, `version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s gate}
redis: {url: "%[2]s"}
link: {kind: livekit, url: "%[3]s", key_file: livekit.key}
hardware: {driver: sim}
`, user, server.URL, lk.URL), 0o600); err != nil {
			t.Fatal(err)
		}
		p := talkgatetest.Start(t, user, "run", "--config", path)
		p.Until(`^state=idle lamps=link `)
		return p
	}
	north, south := port("north"), port("south")
	for range 2 {
		talkgatetest.Start(t, "guard", "guard", "--livekit", lk.URL, "--livekit-key-file", key, "--redis", server.URL)
	}
	north.Say("press")
	north.Until(`^state=talking lamps=talk,link .* holder="north"`)
	south.Until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	south.Say("press")
	south.Until(`^state=refused .*why="the channel is in use by`)
	if _, err := state.RevokeRights(t.Context(), "north", "gates"); err != nil {
		t.Fatal(err)
	}
	north.Until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	south.Say("release")
	south.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	north.Say("release")
	north.Until(`^state=idle lamps=alert `)
	grant("north")
	north.Until(`^state=idle lamps=link `)
	north.Say("press")
	north.Until(`^state=talking lamps=talk,link .* holder="north"`)
	south.Until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	north.Say("release")
	north.Until(`^state=idle lamps=link `)
	north.Stop(syscall.SIGTERM)
	south.Stop(syscall.SIGTERM)
}

package processes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// voicePingSite is a stand-in server, the Redis it shares, and the files of ports.
type voicePingSite struct {
	t      *testing.T
	server *standin.Server
	redis  *redistest.Server
	state  *redis.Client
	dir    string
}

func newVoicePingSite(t *testing.T) *voicePingSite {
	t.Helper()
	s := &voicePingSite{t: t, redis: redistest.Start(t), dir: t.TempDir()}
	state, err := redis.Open(conn.Config{URL: s.redis.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	s.state = state
	s.server = standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test")})
	t.Cleanup(s.server.Close)
	return s
}

func (s *voicePingSite) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// port starts a port that has rights, with a token.
func (s *voicePingSite) port(user, token string) *talkgatetest.Process {
	s.t.Helper()
	if _, err := s.state.GrantRights(s.t.Context(), user, "gates"); err != nil {
		s.t.Fatal(err)
	}
	s.write(user+".token", token)
	s.write(user+".yaml", fmt.Sprintf(`version: 1
channel: gates
identity: {user_id: %[1]s, user_name: The %[1]s gate}
redis: {url: "%[2]s"}
link: {kind: voiceping, url: "%[3]s", token_file: %[1]s.token}
hardware: {driver: sim}
status: {listen: "127.0.0.1:0"}
`, user, s.redis.URL, s.server.URL))
	return talkgatetest.Start(s.t, user, "run", "--config", filepath.Join(s.dir, user+".yaml"))
}

// TestAPortThatTheServerRefusesSaysSo: on lamp, log, status and metric, and no
// more once there is a token that is good.
func TestAPortThatTheServerRefusesSaysSo(t *testing.T) {
	s := newVoicePingSite(t)
	other := standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("another secret")})
	t.Cleanup(other.Close)
	north := s.port("north", other.Token("north", "GENERAL", time.Hour, "gates"))
	at := "http://" + north.Until(`msg="status is served" address=(\S+)`)
	north.Until(`server answers 401 .*renew it`)
	north.Until(`^state=idle lamps=alert `)
	if metrics := talkgatetest.Get(t, at+"/metrics"); !strings.Contains(metrics, "\ntalkgate_port_link_fault{reason=\"token_refused\"} 1\n") {
		t.Errorf("the metrics do not tell:\n%s", metrics)
	}
	if status := talkgatetest.Get(t, at+"/status"); !strings.Contains(status, `"linkFault":"token_refused"`) || !strings.Contains(status, "waiting for the link (token refused)") {
		t.Errorf("the status does not tell: %s", status)
	}
	s.write("north.token", s.server.Token("north", "GENERAL", time.Hour, "gates"))
	north.Until(`^state=idle lamps=link `)
	if metrics := talkgatetest.Get(t, at+"/metrics"); strings.Contains(metrics, "talkgate_port_link_fault{reason=\"token_refused\"} 1\n") {
		t.Error("the fault stays")
	}
}

// TestPortsOnVoicePingServers are two processes on a stand-in server: one is
// heard by the other, through the server, and loses its rights.
func TestPortsOnVoicePingServers(t *testing.T) {
	s := newVoicePingSite(t)
	vp, state := s.server, s.state
	port := func(user string) *talkgatetest.Process {
		p := s.port(user, vp.Token(user, "GENERAL", time.Hour, "gates"))
		p.Until(`^state=idle lamps=link `)
		return p
	}
	north, south := port("north"), port("south")
	north.Say("press")
	north.Until(`^state=talking lamps=talk,link .* holder="north"`)
	south.Until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	if vp.Stream("north", "gates").Forwarded == 0 {
		t.Error("the server forwards nothing: the floor was not taken there")
	}
	south.Say("press")
	south.Until(`^state=refused .*why="the channel is in use by`)
	if _, err := state.RevokeRights(t.Context(), "north", "gates"); err != nil {
		t.Fatal(err)
	}
	north.Until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	south.Say("release")
	south.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	north.Stop(syscall.SIGTERM)
	south.Stop(syscall.SIGTERM)
}

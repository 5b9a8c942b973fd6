package processes

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/gateway/daemon"
	"github.com/talkgate/talkgate/state/redis"
)

// on starts a virtual radio with a role on a channel, which may monitor another.
func on(s *talkgatetest.Site, channel, user string, role redis.Role) *talkgatetest.Process {
	s.T.Helper()
	code, token, stderr := talkgatetest.Run(s.T, "", "token", "--secret-file", s.Path("hub.secret"), "--user", user, "--channel", channel, "--role", string(role))
	if code != talkgatetest.ExitOK {
		s.T.Fatal(stderr)
	}
	s.Write(user+".token", token)
	s.Write(user+".yaml", fmt.Sprintf(`version: 1
channel: %[2]s
identity: {user_id: %[1]s, user_name: The %[1]s, role: %[5]s}
redis: {url: "%[3]s"}
link: {kind: hub, url: "%[4]s", token_file: %[1]s.token}
hardware: {driver: sim}
`, user, channel, s.RedisURL, s.HubURL, role))
	if _, err := s.State.GrantRights(s.T.Context(), user, channel); err != nil {
		s.T.Fatal(err)
	}
	p := talkgatetest.Start(s.T, user, "run", "--config", s.Path(user+".yaml"))
	p.Until(`^state=idle lamps=link `)
	return p
}

// TestEmergencyAcrossPorts: ports in processes of their own, on two channels of one
// event and on one of another. Who talks is cut, both channels hear the emergency
// and show it, the third hears nothing of it, and it ends cleanly or with its port.
func TestEmergencyAcrossPorts(t *testing.T) {
	s := talkgatetest.NewSite(t)
	for channel, event := range map[string]string{"gates": "e1", "yards": "e1", "lots": "e2"} {
		if err := s.State.SetChannelEvent(t.Context(), channel, event); err != nil {
			t.Fatal(err)
		}
	}
	boss, gate := on(s, "gates", "boss", redis.RoleDispatch), on(s, "gates", "gate", redis.RoleGeneral)
	yard, lot := on(s, "yards", "yard", redis.RoleGeneral), on(s, "lots", "lot", redis.RoleDispatch)
	yard.Say("press")
	yard.Until(`^state=talking`)
	lot.Say("press")
	lot.Until(`^state=talking`)

	gate.Say("emergency") // its role does not allow it
	gate.Until(`^state=refused .*why="no right to call an emergency here"`)
	gate.Say("let go")
	gate.Until(`^state=idle`)

	boss.Say("emergency")
	boss.Until(`^state=talking lamps=talk,link,emergency .*holder="boss"`)
	boss.Say("let go")
	yard.Until(`^state=refused lamps=busy,alert,link,emergency .*why="the floor was taken by The boss"`)
	yard.Until(`speaker=heard holder="boss"`)
	gate.Until(`^state=idle lamps=busy,link,emergency speaker=heard holder="boss"`)
	yard.Say("release")
	yard.Say("press")
	yard.Until(`^state=refused .*why="the channel is in use by The boss"`)
	yard.Say("release")
	lot.Say("emergency") // another event has its own
	lot.Until(`^state=talking lamps=talk,link,emergency .*holder="lot"`)
	lot.Say("let go")

	boss.Say("emergency")
	boss.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	boss.Say("let go")
	yard.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	gate.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	lot.Signal(syscall.SIGKILL)
	yard.Say("press")
	yard.Until(`^state=talking`)
	yard.Say("release")

	boss.Say("emergency")
	yard.Until(`speaker=heard holder="boss"`)
	boss.Signal(syscall.SIGKILL)
	yard.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	gate.Until(`^state=idle lamps=link speaker=quiet holder=""`)
}

// TestEmergencyOnAMonitoredChannel: a port that only monitors a channel of another event
// hears the emergency there, and not who talks on its own channel.
func TestEmergencyOnAMonitoredChannel(t *testing.T) {
	s := talkgatetest.NewSite(t)
	for channel, event := range map[string]string{"gates": "e1", "lots": "e2"} {
		if err := s.State.SetChannelEvent(t.Context(), channel, event); err != nil {
			t.Fatal(err)
		}
	}
	gate, lot := on(s, "gates", "gate", redis.RoleGeneral), on(s, "lots", "lot", redis.RoleDispatch)
	desk, at := s.Tuned("desk", []string{"gates", "lots"}, "monitor: lots", "")
	desk.Until(`^state=idle lamps=link `)
	gate.Say("press")
	gate.Until(`^state=talking`)
	awaitStatus(t, at, `talkgate_port_channel_heard{channel="gates"} 1`)
	lot.Say("emergency")
	lot.Until(`^state=talking`)
	awaitStatus(t, at, `talkgate_port_channel_heard{channel="lots"} 1`, `"emergency":false`)
	lot.Say("let go")
	lot.Say("emergency") // it ends
	lot.Until(`^state=idle`)
	awaitStatus(t, at, `talkgate_port_channel_heard{channel="gates"} 1`)
}

// floors is what Redis tells of floors.
type floors map[string]redis.FloorView

func (f floors) ReadFloor(_ context.Context, channel string) (redis.FloorView, error) {
	if v, ok := f[channel]; ok {
		return v, nil
	}
	return redis.FloorView{}, errors.New("NOPERM")
}

// TestWhatIsAnEmergency: a lock that says so, and nothing that cannot be read.
func TestWhatIsAnEmergency(t *testing.T) {
	is := daemon.Monitor(config.Monitor{}, floors{
		"idle":      {Known: true},
		"speech":    {Known: true, Holder: &redis.Holder{UserID: "u"}},
		"emergency": {Known: true, Holder: &redis.Holder{UserID: "u", Emergency: "elsewhere"}},
	}).Emergency
	for channel, want := range map[string]bool{"idle": false, "speech": false, "emergency": true, "forbidden": false} {
		if is(t.Context(), channel) != want {
			t.Errorf("%s: want %v", channel, want)
		}
	}
}

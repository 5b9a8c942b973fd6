package main

import (
	"github.com/talkgate/talkgate/cmd/talkgate/drivers"

	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/talkgate/talkgate/gateway/config"
	"github.com/talkgate/talkgate/state/redis"
)

// on starts a virtual radio with a role on a channel, which may monitor another.
func (s *site) on(channel, user string, role redis.Role) *process {
	s.t.Helper()
	code, token, stderr := talkgate(s.t, "", "token", "--secret-file", s.path("hub.secret"), "--user", user, "--channel", channel, "--role", string(role))
	if code != exitOK {
		s.t.Fatal(stderr)
	}
	s.write(user+".token", token)
	s.write(user+".yaml", fmt.Sprintf(`version: 1
channel: %[2]s
identity: {user_id: %[1]s, user_name: The %[1]s, role: %[5]s}
redis: {url: "%[3]s"}
link: {kind: hub, url: "%[4]s", token_file: %[1]s.token}
hardware: {driver: sim}
`, user, channel, s.redisURL, s.hubURL, role))
	if _, err := s.state.GrantRights(s.t.Context(), user, channel); err != nil {
		s.t.Fatal(err)
	}
	p := start(s.t, user, "run", "--config", s.path(user+".yaml"))
	p.until(`^state=idle lamps=link `)
	return p
}

// TestEmergencyAcrossPorts: ports in processes of their own, on two channels of one
// event and on one of another. Who talks is cut, both channels hear the emergency
// and show it, the third hears nothing of it, and it ends cleanly or with its port.
func TestEmergencyAcrossPorts(t *testing.T) {
	s := newSite(t)
	for channel, event := range map[string]string{"gates": "e1", "yards": "e1", "lots": "e2"} {
		if err := s.state.SetChannelEvent(t.Context(), channel, event); err != nil {
			t.Fatal(err)
		}
	}
	boss, gate := s.on("gates", "boss", redis.RoleDispatch), s.on("gates", "gate", redis.RoleGeneral)
	yard, lot := s.on("yards", "yard", redis.RoleGeneral), s.on("lots", "lot", redis.RoleDispatch)
	yard.say("press")
	yard.until(`^state=talking`)
	lot.say("press")
	lot.until(`^state=talking`)

	gate.say("emergency") // its role does not allow it
	gate.until(`^state=refused .*why="no right to call an emergency here"`)
	gate.say("let go")
	gate.until(`^state=idle`)

	boss.say("emergency")
	boss.until(`^state=talking lamps=talk,link,emergency .*holder="boss"`)
	boss.say("let go")
	yard.until(`^state=refused lamps=busy,alert,link,emergency .*why="the floor was taken by The boss"`)
	yard.until(`speaker=heard holder="boss"`)
	gate.until(`^state=idle lamps=busy,link,emergency speaker=heard holder="boss"`)
	yard.say("release")
	yard.say("press")
	yard.until(`^state=refused .*why="the channel is in use by The boss"`)
	yard.say("release")
	lot.say("emergency") // another event has its own
	lot.until(`^state=talking lamps=talk,link,emergency .*holder="lot"`)
	lot.say("let go")

	boss.say("emergency")
	boss.until(`^state=idle lamps=link speaker=quiet holder=""`)
	boss.say("let go")
	yard.until(`^state=idle lamps=link speaker=quiet holder=""`)
	gate.until(`^state=idle lamps=link speaker=quiet holder=""`)
	lot.signal(syscall.SIGKILL)
	yard.say("press")
	yard.until(`^state=talking`)
	yard.say("release")

	boss.say("emergency")
	yard.until(`speaker=heard holder="boss"`)
	boss.signal(syscall.SIGKILL)
	yard.until(`^state=idle lamps=link speaker=quiet holder=""`)
	gate.until(`^state=idle lamps=link speaker=quiet holder=""`)
}

// TestEmergencyOnAMonitoredChannel: a port that only monitors a channel of another event
// hears the emergency there, and not who talks on its own channel.
func TestEmergencyOnAMonitoredChannel(t *testing.T) {
	s := newSite(t)
	for channel, event := range map[string]string{"gates": "e1", "lots": "e2"} {
		if err := s.state.SetChannelEvent(t.Context(), channel, event); err != nil {
			t.Fatal(err)
		}
	}
	gate, lot := s.on("gates", "gate", redis.RoleGeneral), s.on("lots", "lot", redis.RoleDispatch)
	desk, at := s.tuned("desk", []string{"gates", "lots"}, "monitor: lots", "")
	desk.until(`^state=idle lamps=link `)
	gate.say("press")
	gate.until(`^state=talking`)
	awaitStatus(t, at, `talkgate_port_channel_heard{channel="gates"} 1`)
	lot.say("emergency")
	lot.until(`^state=talking`)
	awaitStatus(t, at, `talkgate_port_channel_heard{channel="lots"} 1`, `"emergency":false`)
	lot.say("let go")
	lot.say("emergency") // it ends
	lot.until(`^state=idle`)
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
	is := drivers.MonitorOf(config.Monitor{}, floors{
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

package main

import (
	"fmt"
	"testing"
)

// TestMonitoredChannels: a port hears a channel that it only listens on, also from
// the middle of a talk spurt, and the one it talks on before that.
func TestMonitoredChannels(t *testing.T) {
	s := newSite(t)
	on := func(user, channel, monitor string) *process {
		t.Helper()
		args := []string{"token", "--secret-file", s.path("hub.secret"), "--user", user, "--channel", channel}
		rights := []string{channel}
		if monitor != "" {
			args, rights = append(args, "--channel", monitor), append(rights, monitor)
		}
		code, token, stderr := talkgate(t, "", args...)
		if code != exitOK {
			t.Fatal(stderr)
		}
		s.write(user+".token", token)
		s.write(user+".yaml", fmt.Sprintf(`version: 1
channel: %[2]s
identity: {user_id: %[1]s, user_name: %[1]s}
redis: {url: "%[3]s"}
link: {kind: hub, url: "%[4]s", token_file: %[1]s.token, monitor: "%[5]s"}
hardware: {driver: sim}
`, user, channel, s.redisURL, s.hubURL, monitor))
		if _, err := s.state.GrantRights(t.Context(), user, rights...); err != nil {
			t.Fatal(err)
		}
		p := start(t, user, "run", "--config", s.path(user+".yaml"))
		p.until(`^state=idle lamps=link `)
		return p
	}
	gate, yard := on("gate", "gates", ""), on("yard", "yards", "")
	yard.say("press")
	yard.until(`^state=talking`)
	desk := on("desk", "gates", "yards")
	desk.until(`^state=idle lamps=link speaker=heard holder=""`) // late entry
	gate.say("press")
	desk.until(`^state=idle lamps=busy,link speaker=heard holder="gate"`)
	gate.say("release")
	desk.until(`^state=idle lamps=link speaker=heard holder=""`)
	yard.say("release")
	desk.until(`^state=idle lamps=link speaker=quiet`)
	desk.say("press") // the monitored channel does not hear it
	desk.until(`^state=talking`)
	gate.until(`speaker=heard holder="desk"`)
	desk.say("release")
	gate.until(`speaker=quiet`)
}

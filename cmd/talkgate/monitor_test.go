package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// tuned starts a port on the first of the channels that it has a token and rights for,
// with more to say of its link, and more keys. at is where its status is.
func (s *site) tuned(user string, channels []string, link, keys string) (p *process, at string) {
	s.t.Helper()
	args := []string{"token", "--secret-file", s.path("hub.secret"), "--user", user}
	for _, id := range channels {
		args = append(args, "--channel", id)
	}
	code, token, stderr := talkgate(s.t, "", args...)
	if code != exitOK {
		s.t.Fatal(stderr)
	}
	s.write(user+".token", token)
	s.write(user+".yaml", fmt.Sprintf(`version: 1
channel: %[2]s
identity: {user_id: %[1]s, user_name: %[1]s}
redis: {url: "%[3]s"}
link: {kind: hub, url: "%[4]s", token_file: %[1]s.token, %[5]s}
hardware: {driver: sim}
status: {listen: "127.0.0.1:0"}
%[6]s
`, user, channels[0], s.redisURL, s.hubURL, link, keys))
	if _, err := s.state.GrantRights(s.t.Context(), user, channels...); err != nil {
		s.t.Fatal(err)
	}
	p = start(s.t, user, "run", "--config", s.path(user+".yaml"))
	return p, "http://" + p.until(`msg="status is served" address=(\S+)`)
}

// TestMonitoredChannels: a port hears a channel that it only listens on, also from
// the middle of a talk spurt, and the one it talks on before that.
func TestMonitoredChannels(t *testing.T) {
	s := newSite(t)
	var at string // where the last port tells its status
	on := func(user, channel, monitor string) (p *process) {
		t.Helper()
		p, at = s.tuned(user, strings.Fields(channel+" "+monitor), fmt.Sprintf("monitor: %q", monitor), "")
		p.until(`^state=idle lamps=link `)
		return p
	}
	gate, yard := on("gate", "gates", ""), on("yard", "yards", "")
	yard.say("press")
	yard.until(`^state=talking`)
	desk := on("desk", "gates", "yards")
	desk.until(`^state=idle lamps=link speaker=heard holder=""`) // late entry
	tells := func(heard, quiet, status string) {
		t.Helper()
		m := get(t, at+"/metrics")
		if !strings.Contains(m, `talkgate_port_channel_heard{channel="`+heard+`"} 1`) || !strings.Contains(m, `talkgate_port_channel_heard{channel="`+quiet+`"} 0`) {
			t.Errorf("want %s heard and %s not:\n%s", heard, quiet, m)
		}
		if s := get(t, at+"/status"); !strings.Contains(s, status) {
			t.Errorf("want %s in\n%s", status, s)
		}
	}
	tells("yards", "gates", `"channels":[{"id":"gates","talk":true,"heard":false,"taken":false},{"id":"yards","heard":true,"taken":true,"holder":"yard","holderName":"yard"}]`)
	gate.say("press")
	desk.until(`^state=idle lamps=busy,link speaker=heard holder="gate"`)
	heardOn := func(channel string) bool {
		return strings.Contains(get(t, at+"/metrics"), `talkgate_port_channel_heard{channel="`+channel+`"} 1`)
	}
	for end := time.Now().Add(patience); !heardOn("gates"); time.Sleep(10 * time.Millisecond) { // the lock is news before the voice is
		if time.Now().After(end) {
			t.Fatal("the own channel is not heard before another")
		}
	}
	tells("gates", "yards", `"channels":[{"id":"gates","talk":true,"heard":true,"taken":true,"holder":"gate","holderName":"gate"},{"id":"yards","heard":false,"taken":true,`)
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

package processes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestMonitoredChannels: a port hears a channel that it only listens on, also from
// the middle of a talk spurt, and the one it talks on before that.
func TestMonitoredChannels(t *testing.T) {
	s := talkgatetest.NewSite(t)
	var at string // where the last port tells its status
	on := func(user, channel, monitor string) (p *talkgatetest.Process) {
		t.Helper()
		p, at = s.Tuned(user, strings.Fields(channel+" "+monitor), fmt.Sprintf("monitor: %q", monitor), "")
		p.Until(`^state=idle lamps=link `)
		return p
	}
	gate, yard := on("gate", "gates", ""), on("yard", "yards", "")
	yard.Say("press")
	yard.Until(`^state=talking`)
	desk := on("desk", "gates", "yards")
	desk.Until(`^state=idle lamps=link speaker=heard holder=""`) // late entry
	tells := func(heard, quiet, status string) {
		t.Helper()
		m := talkgatetest.Get(t, at+"/metrics")
		if !strings.Contains(m, `talkgate_port_channel_heard{channel="`+heard+`"} 1`) || !strings.Contains(m, `talkgate_port_channel_heard{channel="`+quiet+`"} 0`) {
			t.Errorf("want %s heard and %s not:\n%s", heard, quiet, m)
		}
		if s := talkgatetest.Get(t, at+"/status"); !strings.Contains(s, status) {
			t.Errorf("want %s in\n%s", status, s)
		}
	}
	tells("yards", "gates", `"channels":[{"id":"gates","talk":true,"heard":false,"taken":false},{"id":"yards","heard":true,"taken":true,"holder":"yard","holderName":"yard"}]`)
	gate.Say("press")
	desk.Until(`^state=idle lamps=busy,link speaker=heard holder="gate"`)
	heardOn := func(channel string) bool {
		return strings.Contains(talkgatetest.Get(t, at+"/metrics"), `talkgate_port_channel_heard{channel="`+channel+`"} 1`)
	}
	for end := time.Now().Add(talkgatetest.Patience); !heardOn("gates"); time.Sleep(10 * time.Millisecond) { // the lock is news before the voice is
		if time.Now().After(end) {
			t.Fatal("the own channel is not heard before another")
		}
	}
	tells("gates", "yards", `"channels":[{"id":"gates","talk":true,"heard":true,"taken":true,"holder":"gate","holderName":"gate"},{"id":"yards","heard":false,"taken":true,`)
	gate.Say("release")
	desk.Until(`^state=idle lamps=link speaker=heard holder=""`)
	yard.Say("release")
	desk.Until(`^state=idle lamps=link speaker=quiet`)
	desk.Say("press") // the monitored channel does not hear it
	desk.Until(`^state=talking`)
	gate.Until(`speaker=heard holder="desk"`)
	desk.Say("release")
	gate.Until(`speaker=quiet`)
}

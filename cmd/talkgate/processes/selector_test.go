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
)

// awaitStatus waits until a port's status has all of that.
func awaitStatus(t *testing.T, at string, wants ...string) {
	t.Helper()
	for end := time.Now().Add(talkgatetest.Patience); ; time.Sleep(10 * time.Millisecond) {
		s, missing := talkgatetest.Get(t, at+"/status")+talkgatetest.Get(t, at+"/metrics"), ""
		for _, want := range wants {
			if !strings.Contains(s, want) {
				missing = want
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never %q in\n%s", missing, s)
		}
	}
}

// TestSelectedChannel: a port in a process of its own talks where its BCD switch
// says, and hears the other channel when that is monitored.
func TestSelectedChannel(t *testing.T) {
	s := talkgatetest.NewSite(t)
	gate, _ := s.Tuned("gate", []string{"gates"}, "", "")
	yard, _ := s.Tuned("yard", []string{"yards"}, "", "")
	for _, p := range []*talkgatetest.Process{gate, yard} {
		p.Until(`^state=idle lamps=link `)
	}
	desk, at := s.Tuned("desk", []string{"gates", "yards"}, "monitor: gates yards", `selector: {kind: bcd, channels: gates yards}`)
	desk.Until(`^state=idle lamps=alert`) // the switch is at 0
	awaitStatus(t, at, `"channel":""`, `"linkFault":"no_channel"`, `talkgate_port_channel_selected{channel="gates"} 0`)
	for i, channel := range []string{"gates", "yards", "gates"} {
		desk.Say(fmt.Sprint("select ", i%2+1))
		desk.Until(`^state=idle lamps=link `)
		awaitStatus(t, at, `"channel":"`+channel+`"`, `talkgate_port_channel_selected{channel="`+channel+`"} 1`)
		talker, other := gate, yard
		if channel == "yards" {
			talker, other = yard, gate
		}
		desk.Say("press")
		desk.Until(`^state=talking`)
		talker.Until(`speaker=heard holder="desk"`)
		desk.Say("release")
		talker.Until(`speaker=quiet`)
		desk.Until(`^state=idle`)
		other.Say("press") // the one that is not selected is monitored
		desk.Until(`speaker=heard holder=""`)
		other.Say("release")
		desk.Until(`speaker=quiet`)
	}
	desk.Say("press")
	desk.Until(`^state=talking`)
	gate.Until(`speaker=heard holder="desk"`)
	desk.Say("select 2")
	desk.Until(`^state=refused.*why="no connection`)
	gate.Until(`speaker=quiet`)
	desk.Say("release")
	desk.Until(`^state=idle lamps=link `)
	desk.Say("select 7")
	desk.Until(`lamps=alert`)
}

// TestTheSelectedChannelIsKept: over a restart, where the knob has no fixed positions.
func TestTheSelectedChannelIsKept(t *testing.T) {
	s := talkgatetest.NewSite(t)
	dir := t.TempDir()
	t.Setenv("STATE_DIRECTORY", dir)
	tuned := func() (*talkgatetest.Process, string) {
		p, at := s.Tuned("desk", []string{"gates", "yards"}, "", `selector: {kind: rotary, channels: gates yards, confirm: morse}`)
		p.Until(`^state=idle lamps=link `)
		return p, at
	}
	desk, at := tuned()
	awaitStatus(t, at, `"channel":"gates"`)
	desk.Say("turn left")
	awaitStatus(t, at, `"channel":"yards"`, `"onAir":true`)
	desk.Until(`speaker=heard`) // two in Morse code
	kept := func() string { text, _ := os.ReadFile(filepath.Join(dir, "channel")); return string(text) }
	for end := time.Now().Add(talkgatetest.Patience); kept() != "yards\n" && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	desk.Stop(syscall.SIGTERM)
	_, at = tuned()
	awaitStatus(t, at, `"channel":"yards"`)
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// awaitStatus waits until a port's status has all of that.
func awaitStatus(t *testing.T, at string, wants ...string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s, missing := get(t, at+"/status")+get(t, at+"/metrics"), ""
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
	s := newSite(t)
	gate, _ := s.tuned("gate", []string{"gates"}, "", "")
	yard, _ := s.tuned("yard", []string{"yards"}, "", "")
	for _, p := range []*process{gate, yard} {
		p.until(`^state=idle lamps=link `)
	}
	desk, at := s.tuned("desk", []string{"gates", "yards"}, "monitor: gates yards", `selector: {kind: bcd, channels: gates yards}`)
	desk.until(`^state=idle lamps=alert`) // the switch is at 0
	awaitStatus(t, at, `"channel":""`, `"linkFault":"no_channel"`, `talkgate_port_channel_selected{channel="gates"} 0`)
	for i, channel := range []string{"gates", "yards", "gates"} {
		desk.say(fmt.Sprint("select ", i%2+1))
		desk.until(`^state=idle lamps=link `)
		awaitStatus(t, at, `"channel":"`+channel+`"`, `talkgate_port_channel_selected{channel="`+channel+`"} 1`)
		talker, other := gate, yard
		if channel == "yards" {
			talker, other = yard, gate
		}
		desk.say("press")
		desk.until(`^state=talking`)
		talker.until(`speaker=heard holder="desk"`)
		desk.say("release")
		talker.until(`speaker=quiet`)
		desk.until(`^state=idle`)
		other.say("press") // the one that is not selected is monitored
		desk.until(`speaker=heard holder=""`)
		other.say("release")
		desk.until(`speaker=quiet`)
	}
	desk.say("press")
	desk.until(`^state=talking`)
	gate.until(`speaker=heard holder="desk"`)
	desk.say("select 2")
	desk.until(`^state=refused.*why="no connection`)
	gate.until(`speaker=quiet`)
	desk.say("release")
	desk.until(`^state=idle lamps=link `)
	desk.say("select 7")
	desk.until(`lamps=alert`)
}

// TestTheSelectedChannelIsKept: over a restart, where the knob has no fixed positions.
func TestTheSelectedChannelIsKept(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	t.Setenv("STATE_DIRECTORY", dir)
	tuned := func() (*process, string) {
		p, at := s.tuned("desk", []string{"gates", "yards"}, "", `selector: {kind: rotary, channels: gates yards, confirm: morse}`)
		p.until(`^state=idle lamps=link `)
		return p, at
	}
	desk, at := tuned()
	awaitStatus(t, at, `"channel":"gates"`)
	desk.say("turn left")
	awaitStatus(t, at, `"channel":"yards"`, `"onAir":true`)
	desk.until(`speaker=heard`) // two in Morse code
	kept := func() string { text, _ := os.ReadFile(filepath.Join(dir, "channel")); return string(text) }
	for end := time.Now().Add(patience); kept() != "yards\n" && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	desk.stop(syscall.SIGTERM)
	_, at = tuned()
	awaitStatus(t, at, `"channel":"yards"`)
}

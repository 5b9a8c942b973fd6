package processes

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestServiceOfAPort is what systemd sees of a port: it starts before there is
// anything to connect to, comes on air, reloads, and stops.
func TestServiceOfAPort(t *testing.T) {
	s := talkgatetest.NewSite(t)
	s.Revoke("north")
	m := talkgatetest.NewManager(t, time.Second)
	north := s.Prepare("north")
	p := talkgatetest.Start(t, "north", "run", "--config", north)
	m.Until("STATUS=on channel gates, waiting for talk rights")
	m.Until("EXTEND_TIMEOUT_USEC=1000000")
	s.Grant("north")
	m.Until("READY=1")
	m.Until("WATCHDOG=1")
	p.Say("press")
	m.Until("STATUS=on air on channel gates, talking")
	p.Until(`^state=talking`)
	p.Say("release")
	m.Until("STATUS=on air on channel gates")
	p.Until(`^state=idle`) // a press before would go on with this talk spurt, as it was timed

	text, err := os.ReadFile(north)
	if err != nil {
		t.Fatal(err)
	}
	s.Write("north.yaml", string(text)+"log: {level: debug}\ntalk: {max_talk: 1s}\nkey: {lead: 1s}\n")
	if err := p.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.Until("RELOADING=1\nMONOTONIC_USEC=")
	p.Until(`msg="configuration is reloaded; some changes wait for a restart" .*keys=\[key.lead\]`)
	m.Until("READY=1")
	p.Say("press") // and what does not wait has taken effect
	p.Until(`^state=refused .*why="talked for too long"`)
	p.Say("release")
	s.Write("north.yaml", "version: 9\n")
	if err := p.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.Until(`msg="configuration is not reloaded;`)
	m.Until("READY=1")
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.Until("STOPPING=1")
	if code := p.Exit(time.Now()); code != talkgatetest.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

// TestServiceOfAHub: ready once it answers, alive while it does.
func TestServiceOfAHub(t *testing.T) {
	m := talkgatetest.NewManager(t, time.Second)
	s := talkgatetest.NewSite(t)
	m.Until("READY=1")
	m.Until("WATCHDOG=1")
	if err := s.Hub.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.Until("STOPPING=1")
}

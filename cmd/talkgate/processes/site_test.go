package processes

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
)

// TestSeparateProcesses is the product as it is installed: nothing but Redis and
// the network between its parts.
func TestSeparateProcesses(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, south := s.Port("north"), s.Port("south")

	north.Say("press")
	north.Until(`^state=talking lamps=talk,link .* holder="north"`)
	south.Until(`^state=idle lamps=busy,link speaker=heard holder="north"`)
	south.Say("press")
	south.Until(`^state=refused .*why="the channel is in use by The north gate"`)
	south.Say("release")
	south.Until(`^state=idle lamps=busy,link `)

	s.Revoke("north")
	north.Until(`^state=refused lamps=alert .*why="the right to talk was taken away"`)
	south.Until(`^state=idle lamps=link speaker=quiet`)

	north.Say("release")
	s.Grant("north")
	north.Until(`^state=idle lamps=link `)
	north.Say("press")
	north.Until(`^state=talking`)
	south.Until(`speaker=heard holder="north"`)
	north.Say("release")
	north.Until(`^state=idle lamps=link `)
	south.Until(`^state=idle lamps=link speaker=quiet holder=""`)

	north.Say("quit")
	if code := north.Exit(time.Now()); code != talkgatetest.ExitOK {
		t.Errorf("quit: exit code %d", code)
	}
	south.Stop(syscall.SIGTERM)
	s.Hub.Stop(syscall.SIGINT)
}

// TestKilledWhileTalking leaves the floor to nobody but its TTL.
func TestKilledWhileTalking(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, south := s.Port("north"), s.Port("south")
	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
	north.Signal(syscall.SIGKILL)

	view, err := s.State.ReadFloor(context.Background(), "gates")
	if err != nil {
		t.Fatal(err)
	}
	if view.Holder == nil || view.Holder.UserID != "north" || view.TTL <= 0 || view.TTL > 3*time.Second {
		t.Fatalf("after the kill the floor is %+v", view)
	}
	killed := time.Now()
	south.Until(`^state=idle lamps=link speaker=quiet holder=""`)
	t.Logf("free %v after the kill", time.Since(killed).Round(10*time.Millisecond))
	south.Say("press")
	south.Until(`^state=talking lamps=talk,link`)
	south.Stop(syscall.SIGTERM)
	view, err = s.State.ReadFloor(t.Context(), "gates")
	if err != nil {
		t.Fatal(err)
	}
	if view.Holder != nil {
		t.Errorf("a port told to end keeps the floor: %+v", view.Holder)
	}
}

// TestHubRestarts wants ports to come back by themselves.
func TestHubRestarts(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, south := s.Port("north"), s.Port("south")
	s.Hub.Signal(syscall.SIGKILL)
	north.Until(`lamps=none`)
	south.Until(`lamps=none`)
	s.Hub = talkgatetest.Start(t, "hub", "hub", "--listen", s.HubURL[len("http://"):], "--redis", s.RedisURL, "--token-secret-file", s.Path("hub.secret"))
	s.Hub.Until(`msg="hub listens"`)
	north.Until(`^state=idle lamps=link `)
	south.Until(`^state=idle lamps=link `)
	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
}

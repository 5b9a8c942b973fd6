package processes

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/fleet"
)

// TestParrotFromAfar asks a port that runs, by a real Redis and a real hub, while
// another talks on its channel: the tone comes back, and the other hears nothing of it.
func TestParrotFromAfar(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, south := s.Port("north"), s.Port("south")
	ask := func(want int, gateway string, more ...string) string {
		t.Helper()
		code, out, stderr := talkgatetest.Run(t, "", append([]string{"fleet", "parrot", gateway, "--redis", s.RedisURL}, more...)...)
		if code != want {
			t.Fatalf("exit code %d: %s%s", code, out, stderr)
		}
		return out + stderr
	}
	if said := ask(talkgatetest.ExitFailed, "nowhere"); !strings.Contains(said, "no gateway by that name") {
		t.Error(said)
	}
	var a fleet.Answer
	if err := json.Unmarshal([]byte(ask(talkgatetest.ExitOK, "north", "--json")), &a); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v %+v", a, *a.Echo)
	if e := a.Echo; a.Gateway != "north" || e.Delay < 20 || math.Abs(e.Level) > 2 || e.Sent != 150 || e.Heard > 150 {
		t.Errorf("%+v %+v", a, a.Echo)
	}
	for quiet := false; !quiet; {
		select {
		case line := <-south.Lines:
			if strings.Contains(line, "speaker=heard") {
				t.Errorf("the channel hears the tone: %s", line)
			}
		default:
			quiet = true
		}
	}

	// A press talks meanwhile; and two that ask at once are told apart.
	var both sync.WaitGroup
	var said [2]string
	for i := range said {
		both.Go(func() {
			_, out, stderr := talkgatetest.Run(t, "", "fleet", "parrot", "north", "--redis", s.RedisURL)
			said[i] = out + stderr
		})
	}
	north.Say("press")
	south.Until(`speaker=heard holder="north"`)
	north.Say("release")
	both.Wait()
	all := said[0] + said[1]
	if !strings.Contains(all, "back after") || !strings.Contains(all, "busy with another question") {
		t.Errorf("two at once: %q", said)
	}

	if said := ask(talkgatetest.ExitFailed, "north;", "--json"); !strings.Contains(said, "no gateway by that name") {
		t.Error(said)
	}
}

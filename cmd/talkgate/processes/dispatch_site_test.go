package processes

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/cmd/talkgate/talkgatetest"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// dispatch runs a dispatcher's command that must succeed.
func dispatch(t *testing.T, s *talkgatetest.Site, args ...string) {
	t.Helper()
	if code, _, stderr := talkgatetest.Run(t, "", append(args, "--redis", s.RedisURL)...); code != talkgatetest.ExitOK {
		t.Fatalf("talkgate %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
	}
}

// TestDispatcherAtASite is what a dispatcher does from the command line to a port
// in mid-spurt, seen at the port's own gate and at the listener's ear.
func TestDispatcherAtASite(t *testing.T) {
	s := talkgatetest.NewSite(t)
	if err := s.State.SetChannelEvent(t.Context(), "gates", "marathon"); err != nil {
		t.Fatal(err)
	}
	north, south := s.Port("north"), s.Port("south")
	for _, tc := range []struct {
		end, undo []string
		shown     string
	}{
		{[]string{"event", "pause", "marathon"}, nil, `^state=refused lamps=alert,link .*why="a dispatcher ended the talk spurt, or Redis lost its lock: press again"`},
		{[]string{"floor", "release", "gates"}, nil, `^state=refused lamps=alert,link .*why="a dispatcher ended the talk spurt, or Redis lost its lock: press again"`},
		{[]string{"rights", "set", "north"}, []string{"rights", "set", "north", "gates"}, `^state=refused lamps=alert .*why="the right to talk was taken away"`},
		{[]string{"ban", "set", "north", "--as", "boss"}, []string{"ban", "lift", "north", "--as", "boss"}, `^state=refused .*why=`},
	} {
		north.Say("press")
		south.Until(`speaker=heard holder="north"`)
		dispatch(t, s, tc.end...)
		north.Until(tc.shown)
		south.Until(`^state=idle lamps=link speaker=quiet holder=""`)
		north.Say("release")
		if tc.undo != nil {
			dispatch(t, s, tc.undo...)
		}
		north.Until(`^state=idle lamps=link `)
	}
}

// TestDispatchPortTakesTheFloor lets a dispatcher's port press over a general
// one, which learns by whom.
func TestDispatchPortTakesTheFloor(t *testing.T) {
	s := talkgatetest.NewSite(t)
	north, desk := s.Port("north"), s.PortAs("desk", redis.RoleDispatch, s.RedisURL)
	north.Say("press")
	desk.Until(`speaker=heard holder="north"`)
	desk.Say("press")
	desk.Until(`^state=talking lamps=talk,link`)
	north.Until(`^state=refused .*why=".*The desk gate`)
	north.Say("release")
	north.Until(`lamps=busy,link speaker=heard holder="desk"`)
	north.Say("press")
	north.Until(`^state=refused .*why="the channel is in use by The desk gate"`)
	desk.Say("release")
	desk.Until(`^state=idle lamps=link `)
}

// TestRedisFailsUnderATalker breaks a port's own way to Redis, and then Redis, in
// mid-spurt: the port falls silent by itself, the listener hears it end, and talk
// works again once the failure is over.
func TestRedisFailsUnderATalker(t *testing.T) {
	s := talkgatetest.NewSite(t)
	proxy := redistest.NewProxy(t, strings.TrimPrefix(s.RedisURL, "redis://"))
	south, north := s.Port("south"), s.PortAs("north", redis.RoleGeneral, proxy.URL)
	for name, fail := range map[string]func(){
		"blackhole": proxy.Blackhole,
		"half open": func() { proxy.Spoil("timeout", "downstream", "timeout", 0) },
		"cut":       proxy.Cut,
	} {
		t.Log(name)
		north.Say("press")
		south.Until(`speaker=heard holder="north"`)
		fail()
		north.Until(`^state=refused .*why="lost touch with Redis"`)
		south.Until(`^state=idle lamps=link speaker=quiet holder=""`)
		north.Say("release")
		proxy.Mend()
		north.Until(`^state=idle lamps=link `)
	}
}

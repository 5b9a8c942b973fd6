package main

import (
	"strings"
	"testing"

	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// TestDispatcherAtASite is what a dispatcher does from the command line to a port
// in mid-spurt, seen at the port's own gate and at the listener's ear.
func TestDispatcherAtASite(t *testing.T) {
	s := newSite(t)
	if err := s.state.SetChannelEvent(t.Context(), "gates", "marathon"); err != nil {
		t.Fatal(err)
	}
	north, south := s.port("north"), s.port("south")
	for _, tc := range []struct {
		end, undo []string
		shown     string
	}{
		{[]string{"event", "pause", "marathon"}, nil, `^state=refused lamps=alert,link .*why="the right to talk was taken away"`},
		{[]string{"floor", "release", "gates"}, nil, `^state=refused lamps=alert,link .*why="the right to talk was taken away"`},
		{[]string{"rights", "set", "north"}, []string{"rights", "set", "north", "gates"}, `^state=refused lamps=alert .*why="the right to talk was taken away"`},
		{[]string{"ban", "set", "north", "--as", "boss"}, []string{"ban", "lift", "north", "--as", "boss"}, `^state=refused .*why=`},
	} {
		north.say("press")
		south.until(`speaker=heard holder="north"`)
		dispatchDo(t, s.redisURL, tc.end...)
		north.until(tc.shown)
		south.until(`^state=idle lamps=link speaker=quiet holder=""`)
		north.say("release")
		if tc.undo != nil {
			dispatchDo(t, s.redisURL, tc.undo...)
		}
		north.until(`^state=idle lamps=link `)
	}
}

// TestDispatchPortTakesTheFloor lets a dispatcher's port press over a general
// one, which learns by whom.
func TestDispatchPortTakesTheFloor(t *testing.T) {
	s := newSite(t)
	north, desk := s.port("north"), s.portAs("desk", redis.RoleDispatch, s.redisURL)
	north.say("press")
	desk.until(`speaker=heard holder="north"`)
	desk.say("press")
	desk.until(`^state=talking lamps=talk,link`)
	north.until(`^state=refused .*why=".*The desk gate`)
	north.say("release")
	north.until(`lamps=busy,link speaker=heard holder="desk"`)
	north.say("press")
	north.until(`^state=refused .*why="the channel is in use by The desk gate"`)
	desk.say("release")
	desk.until(`^state=idle lamps=link `)
}

// TestRedisFailsUnderATalker breaks a port's own way to Redis, and then Redis, in
// mid-spurt: the port falls silent by itself, the listener hears it end, and talk
// works again once the failure is over.
func TestRedisFailsUnderATalker(t *testing.T) {
	s := newSite(t)
	proxy := redistest.NewProxy(t, strings.TrimPrefix(s.redisURL, "redis://"))
	south, north := s.port("south"), s.portAs("north", redis.RoleGeneral, proxy.URL)
	for name, fail := range map[string]func(){
		"blackhole": proxy.Blackhole,
		"half open": func() { proxy.Spoil("timeout", "downstream", "timeout", 0) },
		"cut":       proxy.Cut,
	} {
		t.Log(name)
		north.say("press")
		south.until(`speaker=heard holder="north"`)
		fail()
		north.until(`^state=refused .*why="lost touch with Redis"`)
		south.until(`^state=idle lamps=link speaker=quiet holder=""`)
		north.say("release")
		proxy.Mend()
		north.until(`^state=idle lamps=link `)
	}
}

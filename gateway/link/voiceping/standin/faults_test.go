package standin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// client is a member of the stand-in who speaks frames.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	serial int
}

func join(t *testing.T, s *Server, user, role string, channels ...string) *client {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol, s.Token(user, role, time.Hour, channels...)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{t: t, ws: ws}
}

// send asks, and returns the id that the reply will have.
func (c *client) send(kind wire.Type, data any) (id string) {
	c.t.Helper()
	c.serial++
	id = fmt.Sprint(c.serial)
	text, err := json.Marshal(wire.Frame{Type: kind, ID: id, Data: raw(data)})
	if err == nil {
		err = c.ws.Write(c.t.Context(), websocket.MessageText, text)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// reply waits for the reply to id and skips what comes before it.
func (c *client) reply(id string) wire.Frame {
	c.t.Helper()
	for {
		_, text, err := c.ws.Read(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		if f, err := wire.Parse(text); err == nil && f.ID == id {
			return f
		}
	}
}

func (c *client) ask(kind wire.Type, channel string) wire.Frame {
	c.t.Helper()
	return c.reply(c.send(kind, wire.OfChannel{ChannelID: channel}))
}

func granted(f wire.Frame) bool {
	var floor wire.Floor
	return f.Into(&floor) == nil && floor.Success
}

func start(t *testing.T) (*Server, *redistest.Server, *goredis.Client) {
	t.Helper()
	r := redistest.Start(t)
	s := Start(Config{Redis: r.Addr, Secret: []byte("secret of the test"), Members: 3})
	rdb := goredis.NewClient(&goredis.Options{Addr: r.Addr})
	t.Cleanup(func() { s.Close(); _ = rdb.Close() })
	return s, r, rdb
}

func TestAStopInterleavesWithTheNextStart(t *testing.T) {
	s, _, rdb := start(t)
	c := join(t, s, "u1", "GENERAL", "c1")
	c.ask(wire.JoinChannel, "c1")
	c.ask(wire.PTTStart, "c1")
	paused, on := make(chan struct{}), make(chan struct{})
	s.Between(func(step string) {
		if step == "ptt-stop:paused" {
			close(paused)
			<-on
		}
	})
	stop := c.send(wire.PTTStop, wire.OfChannel{ChannelID: "c1"})
	<-paused
	rdb.Del(t.Context(), "channel:c1:speaker") // as a gateway's script does
	if !granted(c.ask(wire.PTTStart, "c1")) {
		t.Fatal("a start is not handled while a stop is")
	}
	close(on)
	c.reply(stop)
	if lock := rdb.Get(t.Context(), "channel:c1:speaker").Val(); lock != "" {
		t.Errorf("the late stop left %s", lock)
	}
}

func TestAPressWhileRedisIsAwayIsGrantedLater(t *testing.T) {
	s, r, rdb := start(t)
	c := join(t, s, "u1", "GENERAL", "c1")
	c.ask(wire.JoinChannel, "c1")
	r.Kill()
	id := c.send(wire.PTTStart, wire.OfChannel{ChannelID: "c1"})
	time.Sleep(50 * time.Millisecond)
	r.Restart()
	if !granted(c.reply(id)) {
		t.Error("a press of before is denied")
	}
	if lock := rdb.Get(t.Context(), "channel:c1:speaker").Val(); !strings.Contains(lock, `"userId":"u1"`) {
		t.Errorf("lock %q", lock)
	}
}

func TestABanWithoutLengthIsPermanent(t *testing.T) {
	s, _, rdb := start(t)
	d := join(t, s, "d1", "DISPATCH", "c1")
	d.reply(d.send(wire.BanUser, wire.Sanction{TargetUserID: "u1"}))
	if until := rdb.ZScore(t.Context(), "security:banned", "u1").Val(); until != 1<<53-1 {
		t.Errorf("banned until %.0f", until)
	}
}

// TestElevenJoinsAtOncePass, where the eleventh of a row is refused.
func TestElevenJoinsAtOncePass(t *testing.T) {
	s, _, _ := start(t)
	var channels []string
	for i := range 12 {
		channels = append(channels, fmt.Sprintf("c%d", i))
	}
	c := join(t, s, "u1", "GENERAL", channels...)
	all := make(chan struct{})
	s.Between(func(step string) {
		if step == "join:checked" {
			<-all
		}
	})
	waiting := make(map[string]bool)
	for _, id := range channels[:11] {
		waiting[c.send(wire.JoinChannel, wire.OfChannel{ChannelID: id})] = true
	}
	c.reply(c.send(wire.Ping, struct{}{}))
	close(all)
	for len(waiting) > 0 {
		_, text, err := c.ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, _ := wire.Parse(text)
		if waiting[f.ID] && f.Type == wire.TypeError {
			t.Errorf("join %s: %s", f.ID, f.Error)
		}
		delete(waiting, f.ID)
	}
	if f := c.ask(wire.JoinChannel, channels[11]); f.Type != wire.TypeError {
		t.Error("a twelfth join passes")
	}
}

func TestAFullChannelSaysSo(t *testing.T) {
	s, _, _ := start(t)
	for i := range 4 {
		c := join(t, s, fmt.Sprintf("u%d", i), "GENERAL", "c1")
		f := c.ask(wire.JoinChannel, "c1")
		if full := f.Error == wire.ChannelFull; full != (i == 3) {
			t.Errorf("member %d: %q", i+1, f.Error)
		}
	}
}

// TestAnEmergencyTriesABusyChannel: whether it gets the floor there is decided by
// who is quicker.
func TestAnEmergencyTriesABusyChannel(t *testing.T) {
	for _, quick := range []bool{true, false} {
		s, _, rdb := start(t)
		rdb.HSet(t.Context(), "channel:events", "c1", "e1")
		c, d := join(t, s, "u1", "GENERAL", "c1"), join(t, s, "d1", "DISPATCH", "c1")
		c.ask(wire.JoinChannel, "c1")
		d.ask(wire.JoinChannel, "c1")
		c.ask(wire.PTTStart, "c1")
		s.Between(func(step string) {
			if step == "emergency:interrupted" && quick {
				rdb.Del(t.Context(), "channel:c1:speaker")
			}
		})
		var b wire.Broadcast
		if err := d.reply(d.send(wire.EmergencyBroadcastOn, wire.Hold{HoldDuration: 2000})).Into(&b); err != nil || (b.ChannelCount == 1) != quick {
			t.Errorf("the talker is quick: %v; the emergency has %d channels, %v", quick, b.ChannelCount, err)
		}
	}
}

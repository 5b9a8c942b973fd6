package voiceping

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	linkhub "github.com/talkgate/talkgate/gateway/link/hub"
	"github.com/talkgate/talkgate/gateway/link/voiceping/wire"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
	redisconn "github.com/talkgate/talkgate/state/redis/conn"
)

// floodMembers is how many members a channel has beside talker and listener.
const floodMembers = 51

// listener is what a process of its own is told: to listen by one link, whose
// processor time can then be told from everybody else's.
type listener struct{ Kind, URL, Redis, User, Channel, Token string }

const listenerEnv = "TALKGATE_TEST_LISTENER"

// TestMain is a listener's process, too.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(listenerEnv); ok {
		var l listener
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			panic(err)
		}
		l.run()
		return
	}
	os.Exit(m.Run())
}

// ears counts what a link hands over.
type ears struct{ heard atomic.Uint64 }

func (e *ears) LinkUp()              { fmt.Println("up") }
func (e *ears) LinkDown(error)       {}
func (e *ears) Unheard(string)       {}
func (e *ears) Receive(media.Packet) { e.heard.Add(1) }

// usage is what a listener has used and heard so far.
type usage struct {
	CPU   time.Duration
	Heard uint64
}

// run listens until its input ends, and tells its usage for every line of it.
func (l listener) run() {
	engine, err := rtc.NewEngine(rtc.Config{})
	if err != nil {
		panic(err)
	}
	var link port.Link
	if l.Kind == "hub" {
		link, err = linkhub.New(linkhub.Config{URL: l.URL, Channel: l.Channel, Engine: engine,
			Token: func(context.Context) (string, error) { return l.Token, nil }})
	} else {
		var state *redis.Client
		if state, err = redis.Open(redisconn.Config{URL: l.Redis}); err != nil {
			panic(err)
		}
		link, err = New(Config{URL: l.URL, UserID: l.User, Channel: l.Channel, Engine: engine, State: state,
			Token: func(context.Context, string) (string, error) { return l.Token, nil }})
	}
	if err != nil {
		panic(err)
	}
	var e ears
	go func() { _ = link.Run(context.Background(), &e) }()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			panic(err)
		}
		_ = json.NewEncoder(os.Stdout).Encode(usage{time.Duration(r.Utime.Nano() + r.Stime.Nano()), e.heard.Load()})
	}
}

// ask is a running listener: it returns the usage so far.
func (l listener) start(b *testing.B) (ask func() usage) {
	b.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), listenerEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		b.Fatal("no process for the listener")
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "up" {
	}
	return func() (u usage) {
		b.Helper()
		_, _ = fmt.Fprintln(in)
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &u) != nil {
			b.Fatalf("the listener says %q", lines.Text())
		}
		return u
	}
}

// crowd is members of a channel of the stand-in who only look on. It returns how
// many frames they were sent.
func (s *site) crowd(channel string) *atomic.Int64 {
	s.t.Helper()
	frames := new(atomic.Int64)
	for i := range floodMembers {
		token := s.server.Token(fmt.Sprintf("m%d", i), "GENERAL", time.Hour, channel)
		c, err := dial(s.t.Context(), s.server.URL, token, nil, func(wire.Frame) {})
		if err != nil {
			s.t.Fatal(err)
		}
		if err := c.ws.Write(s.t.Context(), websocket.MessageText, []byte(`{"type":"join-channel","id":"1","data":{"channelId":"`+channel+`"}}`)); err != nil {
			s.t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				if _, _, err := c.ws.Read(context.Background()); err != nil {
					return
				}
				frames.Add(1)
			}
		}()
		s.t.Cleanup(func() { _ = c.ws.CloseNow(); <-done })
	}
	return frames
}

// BenchmarkFlood is the processor time of one link that listens to talk spurts on
// a channel of 51 live members more: on the stand-in, where each change of speaker
// brings a copy for every join, beside the same spurts on a hub with as many, by
// turns in one run.
func BenchmarkFlood(b *testing.B) {
	s := newSite(b)
	url, secret := s.hub()
	copies := s.crowd("c1")
	for i := range floodMembers {
		s.hubMember(url, secret, fmt.Sprintf("h%d", i))
	}
	type side struct {
		talker *radio
		ask    func() usage
		cpu    time.Duration
		heard  uint64
	}
	vp := &side{talker: s.radio("u1", redis.RoleGeneral)}
	own := &side{talker: s.hubRadio(url, secret, "h-u1")}
	vp.ask = listener{Kind: "voiceping", URL: s.server.URL, Redis: s.redis.URL, User: "u2", Channel: "c1",
		Token: s.server.Token("u2", "GENERAL", time.Hour, "c1")}.start(b)
	own.ask = listener{Kind: "hub", URL: url, Channel: "h1", Token: hubToken(b, secret, "h-u2")}.start(b)
	spurt := func(d *side) {
		before := d.ask()
		sent := d.talker.port.TalkStats().Sent
		d.talker.press()
		d.talker.phase(floor.Talking)
		until(b, "a second is said", func() bool { return d.talker.port.TalkStats().Sent >= sent+50 })
		d.talker.release()
		d.talker.phase(floor.Idle)
		time.Sleep(100 * time.Millisecond) // the last copies
		after := d.ask()
		d.cpu += after.CPU - before.CPU
		d.heard += after.Heard - before.Heard
	}
	spurt(vp) // makes the talker known
	spurt(own)
	spurts := 0
	sent := copies.Load()
	vp.cpu, own.cpu, vp.heard, own.heard = 0, 0, 0, 0
	for b.Loop() {
		for range 5 {
			spurt(vp)
			spurt(own)
			spurts++
		}
	}
	n := float64(spurts)
	if vp.heard == 0 || own.heard == 0 {
		b.Fatalf("%d and %d packets were heard", vp.heard, own.heard)
	}
	b.ReportMetric(float64(copies.Load()-sent)/n/floodMembers, "frames/member-spurt")
	b.ReportMetric(vp.cpu.Seconds()*1000/n, "ms-cpu/spurt")
	b.ReportMetric(own.cpu.Seconds()*1000/n, "ms-cpu/spurt-hub")
	b.ReportMetric(vp.cpu.Seconds()/own.cpu.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op")
}

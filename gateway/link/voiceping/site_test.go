package voiceping

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/talkgate/talkgate/gateway/link/voiceping/standin"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
	redisconn "github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// patienceOfTests is when a test gives up waiting for what should have happened.
const patienceOfTests = 30 * time.Second

// site is a stand-in server and the Redis it shares with its ports.
type site struct {
	t      testing.TB
	redis  *redistest.Server
	rdb    *goredis.Client
	server *standin.Server
	engine *rtc.Engine
	log    *slog.Logger
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, redis: redistest.Start(t), log: slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		s.log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s.rdb = goredis.NewClient(&goredis.Options{Addr: s.redis.Addr})
	s.server = standin.Start(standin.Config{Redis: s.redis.Addr, Secret: []byte("secret of the test"), Connections: 1000, Authentications: 1000})
	engine, err := rtc.NewEngine(rtc.Config{Logger: s.log})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = engine
	t.Cleanup(func() {
		s.server.Close()
		_ = s.rdb.Close()
	})
	return s
}

func (s *site) state() *redis.Client {
	s.t.Helper()
	c, err := redis.Open(redisconn.Config{URL: s.redis.URL, Logger: s.log})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// rights sets what a user may talk on, and tells.
func (s *site) rights(user string, channels ...string) {
	s.rdb.Del(s.t.Context(), "u."+user+".g")
	list := "["
	for i, c := range channels {
		s.rdb.SAdd(s.t.Context(), "u."+user+".g", c)
		if i > 0 {
			list += ","
		}
		list += `"` + c + `"`
	}
	s.rdb.Publish(s.t.Context(), "vp:membership_updates", `{"eventId":"e1","userId":"`+user+`","channelIds":`+list+`],"action":"set_user_channels"}`)
}

func (s *site) lock() string { return s.rdb.Get(context.Background(), "channel:c1:speaker").Val() }

// radio is a port on channel c1 of a site.
type radio struct {
	*site
	user string
	sim  *sim.Radio
	port *port.Port
	link *Link
	stop func()
}

// radio starts a port that has rights, and waits until it is on air.
func (s *site) radio(user string, role redis.Role) *radio {
	s.t.Helper()
	r := s.tuned(user, role, func(*Config) {})
	r.await("on air", up)
	return r
}

// tuned starts a port that has rights, with its link as tune would have it.
func (s *site) tuned(user string, role redis.Role, tune func(*Config)) *radio {
	s.t.Helper()
	return s.linked(user, role, func(c *Config) {
		tune(c)
		s.rights(user, append([]string{c.Channel}, c.Monitor...)...)
	})
}

// tunedWithoutRights starts a port whose rights are left as they are.
func (s *site) tunedWithoutRights(user string, role redis.Role) *radio {
	s.t.Helper()
	return s.linked(user, role, func(*Config) {})
}

func (s *site) linked(user string, role redis.Role, tune func(*Config)) *radio {
	s.t.Helper()
	state := s.state()
	cfg := Config{URL: s.server.URL, UserID: user, Role: role, Channel: "c1", Engine: s.engine, State: state, Logger: s.log.With("radio", user),
		Token: func(context.Context, string) (string, error) {
			return s.server.Token(user, string(role), time.Hour, "c1"), nil
		}}
	tune(&cfg)
	link, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.run(user, role, cfg.Channel, link, link, state, cfg.Monitor...)
	r.link = link
	return r
}

// port starts a port on any link that has rights, and waits until it is on air.
func (s *site) port(user string, role redis.Role, channel string, link port.Link, lock port.SpeakerLock, state *redis.Client) *radio {
	s.t.Helper()
	s.rights(user, channel)
	r := s.run(user, role, channel, link, lock, state)
	r.await("on air", up)
	return r
}

func (s *site) run(user string, role redis.Role, channel string, link port.Link, lock port.SpeakerLock, state *redis.Client, monitored ...string) *radio {
	s.t.Helper()
	r := &radio{site: s, user: user, sim: sim.NewRadio(user, sim.Noise(1))}
	var err error
	r.port, err = port.New(port.Options{
		UserID: user, UserName: "Name " + user, Role: role,
		Channels: []port.Channel{{ID: channel, Link: link, Monitored: monitored}},
		Tuning:   port.Tuning{Talk: port.TalkTiming{Lease: time.Second, LockTTL: 3 * time.Second, MaxTalk: time.Minute, RequestTimeout: time.Second}, Encoder: media.EncoderConfig{Complexity: 1}},
		Hardware: port.Hardware{PTT: r.sim.Button, Mic: r.sim.Mic, Speaker: r.sim.Speaker, Lamps: r.sim.Panel},
		Lock:     lock, Rights: state, Floor: watchOf(lock, state),
		Logger: s.log.With("radio", user),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.port.Run(ctx) }()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	s.t.Cleanup(r.stop)
	return r
}

// watchOf is the watch of the floor as a link would have it.
func watchOf(lock port.SpeakerLock, state *redis.Client) port.FloorWatcher {
	if l, ok := lock.(*Link); ok {
		return l.Floor(state)
	}
	return state
}

func (r *radio) now() port.Status { return r.port.Status() }

func (r *radio) await(what string, ok func(port.Status) bool) port.Status {
	r.t.Helper()
	var got port.Status
	until(r.t, r.user+" "+what, func() bool { got = r.now(); return ok(got) })
	return got
}

func (r *radio) phase(p floor.Phase) port.Status {
	r.t.Helper()
	return r.await(p.String(), func(s port.Status) bool { return s.Floor.Phase == p })
}

func (r *radio) press()   { r.sim.Button.Set(true) }
func (r *radio) release() { r.sim.Button.Set(false) }

// talk presses until the server forwards the port's voice.
func (r *radio) talk() {
	r.t.Helper()
	before := r.server.Stream(r.user, "c1").Forwarded
	r.press()
	r.phase(floor.Talking)
	until(r.t, r.user+" is forwarded", func() bool { return r.server.Stream(r.user, "c1").Forwarded > before+5 })
}

// silent fails when one frame of the port's voice arrives in a while.
func (r *radio) silent() {
	r.t.Helper()
	time.Sleep(100 * time.Millisecond) // what was in flight
	before := r.server.Stream(r.user, "c1").Received
	time.Sleep(300 * time.Millisecond)
	if now := r.server.Stream(r.user, "c1").Received; now != before {
		r.t.Errorf("%s sent %d frames after its end", r.user, now-before)
	}
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patienceOfTests); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for: %s", patienceOfTests, what)
		}
	}
}

package livekit

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/rtc"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// patienceOfTests is when a test gives up waiting for what should have happened.
const patienceOfTests = 60 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a LiveKit of one or more nodes, and our Redis.
type site struct {
	t      testing.TB
	redis  *redistest.Server
	nodes  []*livekittest.Server
	state  *redis.Client // of a dispatcher
	engine *rtc.Engine
	log    *slog.Logger
}

// newSite starts that many nodes. More than one share a Redis of their own.
func newSite(t testing.TB, nodes int) *site {
	t.Helper()
	s := &site{t: t, redis: redistest.Start(t), log: slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		s.log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	theirs := ""
	if nodes > 1 {
		theirs = redistest.Start(t).Addr
	}
	for range nodes {
		s.nodes = append(s.nodes, livekittest.Start(t, theirs))
	}
	engine, err := rtc.NewEngine(rtc.Config{Interfaces: []string{"lo"}, PeerTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = engine
	s.state = s.open()
	return s
}

func (s *site) open() *redis.Client {
	s.t.Helper()
	c, err := redis.Open(conn.Config{URL: s.redis.URL, Logger: s.log})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *site) grant(user, channel string) {
	s.t.Helper()
	if _, err := s.state.GrantRights(s.t.Context(), user, channel); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) revoke(user, channel string) {
	s.t.Helper()
	if _, err := s.state.RevokeRights(s.t.Context(), user, channel); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) holder() string {
	v, err := s.state.ReadFloor(context.Background(), "c1")
	if err != nil || v.Holder == nil {
		return ""
	}
	return v.Holder.UserID
}

// radio is a port on channel c1 of a site.
type radio struct {
	*site
	user string
	sim  *sim.Radio
	port *port.Port
	link *Link
	stop func()

	mu     sync.Mutex
	status port.Status
	ups    int
}

// radio starts a port that has rights, which prefers the given node, and waits
// until it is on air. monitor are channels that it listens to besides.
func (s *site) radio(user string, role redis.Role, node int, monitor ...string) *radio {
	s.t.Helper()
	state := s.open()
	var servers []string
	for i := range s.nodes {
		servers = append(servers, s.nodes[(node+i)%len(s.nodes)].URL)
	}
	key := livekittest.Key(s.t)
	link, err := New(Config{
		Servers: servers, Channel: "c1", Monitor: monitor, Floor: state, Engine: s.engine, Logger: s.log.With("radio", user),
		Access: Minter(func() (room.Key, error) { return key, nil }, user, "Name "+user, true),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.grant(user, "c1")
	r := &radio{site: s, user: user, sim: sim.NewRadio(user, sim.Noise(1)), link: link}
	r.port, err = port.New(port.Options{
		UserID: user, UserName: "Name " + user, Role: role,
		Channels: []port.Channel{{ID: "c1", Link: link}},
		Tuning:   port.Tuning{Talk: port.TalkTiming{Lease: time.Second, LockTTL: 3 * time.Second, MaxTalk: time.Minute, RequestTimeout: time.Second}, Encoder: media.EncoderConfig{Complexity: 1}},
		Hardware: port.Hardware{PTT: r.sim.Button, Mic: r.sim.Mic, Speaker: r.sim.Speaker, Lamps: r.sim.Panel},
		Lock:     state, Rights: state, Floor: state,
		Logger: s.log.With("radio", user),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		for st := range r.port.Changes() {
			r.observe(st)
		}
	}()
	go func() {
		defer close(done)
		if err := r.port.Run(ctx); err != nil {
			s.t.Errorf("%s: %v", user, err)
		}
	}()
	r.stop = sync.OnceFunc(func() { cancel(); <-done })
	s.t.Cleanup(r.stop)
	r.await("on air", onAir)
	return r
}

func (r *radio) observe(st port.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st.Lamps.Link && !r.status.Lamps.Link {
		r.ups++
	}
	r.status = st
}

// onAir is a port that is connected and may talk.
func onAir(st port.Status) bool { return st.Lamps.Link }

func (r *radio) now() port.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *radio) await(what string, ok func(port.Status) bool) port.Status {
	r.t.Helper()
	var got port.Status
	defer func() {
		if r.t.Failed() {
			r.t.Logf("%s: %+v", r.user, got)
		}
	}()
	until(r.t, r.user+" "+what, func() bool { got = r.now(); return ok(got) })
	return got
}

func (r *radio) phase(p floor.Phase) port.Status {
	r.t.Helper()
	return r.await(p.String(), func(s port.Status) bool { return s.Floor.Phase == p })
}

func (r *radio) heard() uint64 { return r.port.HeardStats().Received }

func (r *radio) press()   { r.sim.Button.Set(true) }
func (r *radio) release() { r.sim.Button.Set(false) }

// hush ends the talk spurt, and waits until the floor is free.
func (r *radio) hush() {
	r.t.Helper()
	r.release()
	r.phase(floor.Idle)
	until(r.t, "the floor is free", func() bool { return r.holder() == "" })
}

// talk presses until the others hear it.
func (r *radio) talk(others ...*radio) {
	r.t.Helper()
	before := make([]uint64, len(others))
	for i, o := range others {
		before[i] = o.heard()
	}
	r.press()
	r.phase(floor.Talking)
	for i, o := range others {
		until(r.t, o.user+" hears "+r.user, func() bool {
			if st := r.now(); st.Floor.Phase == floor.Refused && st.Floor.Why == floor.NoSound {
				// A machine too busy to let the virtual microphone deliver.
				r.hush()
				r.press()
			}
			return o.heard() > before[i]+5
		})
	}
}

// silence fails when the port hears one packet in a while.
func (r *radio) silence() {
	r.t.Helper()
	time.Sleep(100 * time.Millisecond) // what was in flight
	before := r.heard()
	time.Sleep(300 * time.Millisecond)
	if now := r.heard(); now != before {
		r.t.Errorf("%s heard %d packets after the end", r.user, now-before)
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

package compare

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

const channel = "c1"

type status = port.Status

// radio is a port on one of the servers.
type radio struct {
	t    *testing.T
	user string
	sim  *sim.Radio
	port *port.Port
}

func open(t *testing.T, r *redistest.Server, log *slog.Logger) *redis.Client {
	t.Helper()
	c, err := redis.Open(conn.Config{URL: r.URL, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// start starts a port that has rights, and waits until it is on air.
func start(t *testing.T, s server, state *redis.Client, user string, role redis.Role, log *slog.Logger) *radio {
	t.Helper()
	if _, err := state.GrantRights(t.Context(), user, channel); err != nil {
		t.Fatal(err)
	}
	link, lock := s.link(user, role, state)
	r := &radio{t: t, user: user, sim: sim.NewRadio(user, sim.Noise(1))}
	var err error
	r.port, err = port.New(port.Options{
		UserID: user, UserName: user, Role: role,
		Channels: []port.Channel{{ID: channel, Link: link}},
		Tuning:   port.Tuning{Talk: port.TalkTiming{Lease: time.Second, LockTTL: 3 * time.Second, MaxTalk: time.Minute, RequestTimeout: time.Second}, Encoder: media.EncoderConfig{Complexity: 1}},
		Hardware: port.Hardware{PTT: r.sim.Button, Mic: r.sim.Mic, Speaker: r.sim.Speaker, Lamps: r.sim.Panel},
		Lock:     lock, Rights: state, Floor: state, Logger: log.With("radio", user),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.port.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	r.await("on air", func(st port.Status) bool { return st.Lamps.Link })
	return r
}

func (r *radio) now() port.Status { return r.port.Status() }

func (r *radio) await(what string, ok func(port.Status) bool) {
	r.t.Helper()
	until(r.t, r.user+" "+what, func() bool { return ok(r.now()) })
}

func (r *radio) phase(p floor.Phase, why floor.Reason) {
	r.t.Helper()
	defer func() {
		if r.t.Failed() {
			r.t.Logf("%s: %+v", r.user, r.now())
		}
	}()
	r.await(p.String()+" "+why.String(), func(st port.Status) bool {
		return st.Floor.Phase == p && (why == floor.NoReason || st.Floor.Why == why)
	})
}

func (r *radio) press()        { r.sim.Button.Set(true) }
func (r *radio) heard() uint64 { return r.port.HeardStats().Received }
func (r *radio) sent() uint64  { return r.port.TalkStats().Sent }

// release ends a spurt, or a refusal, and waits until the floor is free.
func (r *radio) release() {
	r.t.Helper()
	r.sim.Button.Set(false)
	r.await("released", func(st port.Status) bool { return st.Floor.Phase == floor.Idle && !st.Taken })
}

// talk presses, and says how long it took until the other heard the first packet.
func (r *radio) talk(other *radio) time.Duration {
	r.t.Helper()
	before, pressed := other.heard(), time.Now()
	r.press()
	until(r.t, other.user+" hears "+r.user, func() bool { return other.heard() > before })
	return time.Since(pressed)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(500 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

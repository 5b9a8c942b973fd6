package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/state/redis"
	"github.com/talkgate/talkgate/state/redis/conn"
	"github.com/talkgate/talkgate/state/redis/redistest"
)

// guardedPort is a port that notes what it is told of its guard.
type guardedPort struct {
	status    port.Status
	unguarded atomic.Bool
}

func (p *guardedPort) Status() port.Status                   { return p.status }
func (p *guardedPort) SetUnguarded(_ string, unguarded bool) { p.unguarded.Store(unguarded) }

// TestALeaseThatEndsIsShown: the lease in Redis decides, once the port has been in the
// room for one read, and not while its link is down.
func TestALeaseThatEndsIsShown(t *testing.T) {
	s := redistest.Start(t)
	state, err := redis.Open(conn.Config{URL: s.URL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	p := &guardedPort{status: port.Status{Channel: "gates"}}
	w := &guardWatch{state: state, port: p, log: slog.New(slog.DiscardHandler)}
	read := func(what string, unguarded bool) {
		t.Helper()
		w.read(t.Context())
		if got := p.unguarded.Load(); got != unguarded {
			t.Errorf("%s: unguarded %v, want %v", what, got, unguarded)
		}
	}
	read("the port has just joined", false)
	read("no guard followed", true)
	s.Do("SET", "talkgate:guard:gates", "1", "PX", redis.GuardLease.Milliseconds())
	read("a guard is there", false)
	s.Do("PEXPIRE", "talkgate:guard:gates", 1)
	redistest.Until(t, "the lease has ended", func() bool { w.read(t.Context()); return p.unguarded.Load() })
	s.Do("SET", "talkgate:guard:tower", "1")
	s.Do("SET", "talkgate:guard:", "1")
	read("a guard is elsewhere", true)
	p.status.Link = port.LinkLost
	read("the link is down", false)
	p.status.Link = port.NoFault
	read("the link is up again", false)
	read("and no guard followed", true)
}

// steeredGuards says what a test wants of the guards.
type steeredGuards struct {
	alive  atomic.Bool
	silent atomic.Bool
}

func (g *steeredGuards) ReadGuards(context.Context, ...string) (redis.Guards, error) {
	if g.silent.Load() {
		return redis.Guards{}, errors.New("no answer")
	}
	return redis.Guards{Rooms: map[string]bool{"gates": g.alive.Load()}}, nil
}

// TestAGuardsEndIsShownWithin5Seconds: what is left of the lease and the time to the next
// read are no longer together. A Redis that is silent changes nothing.
func TestAGuardsEndIsShownWithin5Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, p := &steeredGuards{}, &guardedPort{status: port.Status{Channel: "gates"}}
		g.alive.Store(true)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go (&guardWatch{state: g, port: p, log: slog.New(slog.DiscardHandler)}).Run(ctx)
		time.Sleep(10*time.Second + time.Millisecond) // a read has just been
		g.silent.Store(true)
		time.Sleep(10 * time.Second)
		if p.unguarded.Load() {
			t.Error("a silent Redis is taken for a missing guard")
		}
		g.silent.Store(false)
		g.alive.Store(false) // the lease ends
		time.Sleep(5*time.Second - redis.GuardLease)
		synctest.Wait()
		if !p.unguarded.Load() {
			t.Error("the guard's end is not shown")
		}
		stop()
		synctest.Wait()
	})
}

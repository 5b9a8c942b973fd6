package guard_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/talkgate/talkgate/gateway/guard"
	"github.com/talkgate/talkgate/gateway/link/livekit/livekittest"
	"github.com/talkgate/talkgate/gateway/link/livekit/room"
	"github.com/talkgate/talkgate/state/redis"
)

// cutOff is a State that can be cut off from Redis.
type cutOff struct {
	*redis.Client
	cut atomic.Bool
}

var errCutOff = errors.New("cut off")

func (c *cutOff) WatchChannel(ctx context.Context, channel string, fn func(redis.FloorView)) error {
	return c.Client.WatchChannel(ctx, channel, func(v redis.FloorView) {
		if c.cut.Load() {
			v = redis.FloorView{ReadAt: v.ReadAt}
		}
		fn(v)
	})
}

func (c *cutOff) ReadFloor(ctx context.Context, channel string) (redis.FloorView, error) {
	if c.cut.Load() {
		return redis.FloorView{}, errCutOff
	}
	return c.Client.ReadFloor(ctx, channel)
}

func (c *cutOff) KeepGuard(ctx context.Context, channel string) error {
	if c.cut.Load() {
		return errCutOff
	}
	return c.Client.KeepGuard(ctx, channel)
}

// A guard that is cut off from Redis leaves the room to one that is not; alone, it
// stops everybody, and makes good for it afterwards.
func TestAGuardCutOffFromRedis(t *testing.T) {
	s := newSite(t, 0)
	s.grant("holder")
	s.grant("listener")
	holder, listener := s.join("holder"), s.join("listener")
	state := &cutOff{Client: s.open()}
	blind, _ := s.guard(func(c *guard.Config) { c.State = state })
	_, stopOther := s.guard()
	s.guarded()
	s.hold("holder")
	holder.sending.Store(true)
	until(t, "heard", func() bool { return listener.heard.Load() > 50 })
	state.cut.Store(true)
	before := holder.sent.Load()
	until(t, "five seconds of speech", func() bool { return holder.sent.Load() > before+250 })
	if st := blind.Status(); st.Mutes+st.Barred+st.Removed != 0 {
		t.Errorf("a guard that does not see Redis acts beside one that does: %+v", st)
	}
	// Alone it closes.
	stopOther()
	until(t, "the blind guard closes", func() bool { return blind.Status().Mutes > 0 })
	until(t, "silence", func() bool {
		heard, sent := listener.heard.Load(), time.Now()
		time.Sleep(500 * time.Millisecond)
		return listener.heard.Load() == heard && time.Since(sent) > 0
	})
	holder.sending.Store(false)
	// With Redis back, so is the holder.
	state.cut.Store(false)
	heard := listener.heard.Load()
	var again *member
	until(t, "heard again", func() bool {
		if again == nil || again.Err() != nil {
			if m, err := s.tryJoin("c1", "holder", true); err == nil {
				again = m
				s.sends(again, frame)
				again.sending.Store(true)
			}
		}
		return listener.heard.Load() > heard+50
	})
}

// A room has a lease while a guard is in it and sees Redis.
func TestARoomHasALease(t *testing.T) {
	s := newSite(t, 0)
	s.grant("a")
	s.join("a")
	guards := func() redis.Guards {
		g, err := s.state.ReadGuards(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if g := guards(); g.Alive || g.Rooms["c1"] {
		t.Errorf("%+v without a guard", g)
	}
	_, stop := s.guard()
	until(t, "a lease", func() bool { g := guards(); return g.Alive && g.Rooms["c1"] })
	stop()
	until(t, "no lease", func() bool { g := guards(); return !g.Alive && !g.Rooms["c1"] })
}

// Every mute is on its way before any has arrived.
func TestMutesGoSideBySide(t *testing.T) {
	const channels, rogues = 5, 2
	s := newSite(t, 0)
	gate := &assembly{want: channels * rogues, together: make(chan struct{})}
	s.guard(func(c *guard.Config) { c.Client = &http.Client{Transport: gate} })
	for c := range channels {
		for r := range rogues {
			channel, who := string(rune('a'+c)), string(rune('p'+r))
			if _, err := s.state.GrantRights(t.Context(), who, channel); err != nil {
				t.Fatal(err)
			}
			s.joinRoom(channel, who, true).sending.Store(true)
		}
	}
	select {
	case <-gate.together:
	case <-time.After(time.Minute):
		t.Errorf("%d mutes are on their way at most, want %d", gate.most.Load(), gate.want)
	}
}

// assembly holds mutes back until all are there.
type assembly struct {
	want     int64
	here     atomic.Int64
	most     atomic.Int64
	once     sync.Once
	together chan struct{}
}

func (a *assembly) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "MutePublishedTrack") {
		n := a.here.Add(1)
		a.most.Store(max(a.most.Load(), n))
		if n == a.want {
			a.once.Do(func() { close(a.together) })
		}
		select {
		case <-a.together:
		case <-time.After(time.Minute):
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A key that was rotated is read again, and LiveKit's answer to the old one, which
// repeats the token, does not reach the log.
func TestAKeyIsReadAgain(t *testing.T) {
	s := newSite(t, 0)
	s.grant("a")
	s.join("a")
	old, err := room.ParseKey("talkgate: another-secret-of-32-bytes-and-more-too")
	if err != nil {
		t.Fatal(err)
	}
	var rotated atomic.Bool
	var log lockedBuffer
	good := livekittest.Key(t)
	g, _ := s.guard(func(c *guard.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Key = func() (room.Key, error) {
			if rotated.Load() {
				return good, nil
			}
			return old, nil
		}
	})
	until(t, "a refusal", func() bool { return strings.Contains(log.String(), "401") })
	rotated.Store(true)
	until(t, "the room is guarded", func() bool { return g.Status().Rooms == 1 })
	if text := log.String(); strings.Contains(text, "eyJ") || !strings.Contains(text, "(token)") {
		t.Errorf("the log has a token: %s", text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// With Grants a token that forbids to publish is no obstacle, and the permission goes
// with the last guard.
func TestAGuardGrantsThePermissionToPublish(t *testing.T) {
	s := newSite(t, 0)
	s.grant("member")
	grants := func(c *guard.Config) { c.Grants = true }
	member, stranger := s.joinRoom("c1", "member", false), s.joinRoom("c1", "stranger", false)
	if member.MayPublish() {
		t.Fatal("the token gives the permission: the test shows nothing")
	}
	_, stopOne := s.guard(grants)
	_, stopTwo := s.guard(grants)
	s.guarded()
	until(t, "the permission to publish", member.MayPublish)
	listener := s.joinRoom("c1", "listener", false)
	s.hold("member")
	member.sending.Store(true)
	until(t, "deafness without talk rights", func() bool {
		heard, sent := listener.heard.Load(), member.sent.Load()
		time.Sleep(300 * time.Millisecond)
		return listener.heard.Load() == heard && member.sent.Load() > sent
	})
	s.grant("listener")
	until(t, "heard", func() bool { return listener.heard.Load() > 20 })
	if stranger.MayPublish() {
		t.Error("a member without talk rights may publish")
	}
	stopOne()
	heard := listener.heard.Load()
	until(t, "heard with one guard", func() bool { return listener.heard.Load() > heard+20 })
	stopTwo()
	until(t, "no permission without a guard", func() bool { return !member.MayPublish() })
}

// A new room is guarded before LiveKit counts its first member.
func TestANewRoomIsGuardedAtOnce(t *testing.T) {
	s := newSite(t, 1)
	g := s.guards[0]
	s.grant("a")
	until(t, "LiveKit's answer", func() bool { return g.Status().Connected })
	lists, began := g.Status().Lists, time.Now()
	s.join("a")
	s.guarded()
	n := g.Status().Lists - lists
	t.Logf("guarded %v after the first member began to join, with the list of rooms number %d", time.Since(began), n)
	if n > 10 {
		t.Errorf("%d lists of rooms passed before a new room was guarded", n)
	}
}

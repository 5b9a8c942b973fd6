package port

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/hal/sim"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

// TestTalksOn: a spurt much longer than lease and TTL is renewed, and ended by
// the time-out timer.
func TestTalksOn(t *testing.T) {
	inBubble(t, 20*time.Millisecond, func(w *world) {
		w.press()
		w.pass(50 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.pass(11 * time.Second)
		w.expect(floor.Refused, floor.TimedOut)
		frames := w.link.take()
		if got, want := len(frames), 3000; got < want-2 || got > want+3 {
			t.Errorf("%d frames in a minute, want %d", got, want)
		}
		w.release()
	})
}

func TestBusyIsDeniedAndForgotten(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.redis.hold(&redis.Claim{UserID: "u2", UserName: "Dora", Token: "t2"})
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Refused, floor.Busy)
		if got, want := Why(w.now().Floor), "the channel is in use by Dora"; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		w.redis.hold(nil)
		w.pass(time.Second)
		if frames := w.link.take(); len(frames) > 0 {
			t.Errorf("%d frames were sent without the floor", len(frames))
		}
		// What was said while denied is not heard when the floor comes.
		w.release()
		pressed := w.radio.Mic.IndexAt(w.press())
		w.pass(100 * time.Millisecond)
		if first := uint64(w.link.take()[0].timestamp); first+2*media.FrameSamples < pressed {
			t.Errorf("the spurt starts %d samples before its press", pressed-first)
		}
	})
}

// TestLostLock: the lock goes to somebody else, or vanishes. An event about the
// channel makes it known at once, the renewal at the latest.
func TestLostLock(t *testing.T) {
	for _, told := range []bool{true, false} {
		for _, next := range []*redis.Claim{nil, {UserID: "u2", UserName: "Dora", Token: "t2"}} {
			inBubble(t, time.Millisecond, func(w *world) {
				w.press()
				w.pass(400 * time.Millisecond)
				w.redis.hold(next)
				within := testTiming.Lease/3 + 5*time.Millisecond
				if told {
					within = 2 * time.Millisecond
					v := redis.FloorView{Known: true, ReadAt: time.Now()}
					if next != nil {
						h := holderOf(next)
						v.Holder = &h
					}
					w.redis.view(v)
				}
				w.pass(within)
				why := floor.Cleared
				if next != nil {
					why = floor.Preempted
				}
				w.expect(floor.Refused, why)
				w.release()
				w.pass(time.Second)
				if next != nil && w.redis.claim != next {
					t.Error("the successor's lock was deleted")
				}
			})
		}
	}
}

// TestReleaseBeforeTheGrant: the floor that comes too late is handed back.
func TestReleaseBeforeTheGrant(t *testing.T) {
	inBubble(t, 50*time.Millisecond, func(w *world) {
		w.press()
		w.pass(40 * time.Millisecond)
		w.release()
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		if frames := w.link.take(); len(frames) > 0 {
			t.Errorf("%d frames were sent", len(frames))
		}
		if held := w.redis.held(); len(held) > 0 {
			t.Error("the floor is still held")
		}
	})
}

// TestQuickPresses: pressing again before the floor has been handed back works:
// orders reach Redis one after the other.
func TestQuickPresses(t *testing.T) {
	inBubble(t, 30*time.Millisecond, func(w *world) {
		for range 10 {
			w.press()
			w.pass(70 * time.Millisecond)
			w.release()
			w.pass(41 * time.Millisecond)
		}
		w.press()
		w.pass(200 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
	})
}

// TestUnansweredRequest: a lock taken for a request whose answer got lost is
// handed back.
func TestUnansweredRequest(t *testing.T) {
	inBubble(t, 800*time.Millisecond, func(w *world) { // longer than is waited for
		w.press()
		w.pass(testTiming.RequestTimeout + time.Millisecond)
		w.expect(floor.Refused, floor.NoAnswer)
		w.redis.set(func() { w.redis.roundTrip = time.Millisecond })
		w.release()
		w.pass(time.Second)
		if held := w.redis.held(); len(held) > 0 {
			t.Error("the lock was left to its TTL")
		}
	})
}

func TestLinkDownEndsTheSpurt(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(300 * time.Millisecond)
		w.link.events.LinkDown(errors.New("pulled"))
		synctest.Wait()
		w.link.take()
		w.pass(300 * time.Millisecond)
		w.expect(floor.Refused, floor.NoLink)
		w.link.events.LinkUp()
		w.pass(300 * time.Millisecond)
		if frames := w.link.take(); len(frames) > 0 {
			t.Error("the spurt went on by itself")
		}
		w.release()
	})
}

// TestStuckAtStart: a button held when the port starts does not talk until it
// has been released once.
func TestStuckAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Millisecond)
		w.radio.Button.Set(true) // its edge still waits to be read
		w.start()
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
		w.release()
		w.pass(time.Second)
		w.press()
		w.pass(time.Second)
		w.expect(floor.Talking, floor.NoReason)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestHardwareGone: a card or a line that vanishes in mid-spurt ends the port,
// with the microphone shut, the floor handed back and everything closed.
func TestHardwareGone(t *testing.T) {
	parts := map[string]func(*sim.Radio){
		"microphone":  func(r *sim.Radio) { r.Mic.Unplug() },
		"loudspeaker": func(r *sim.Radio) { r.Speaker.Unplug() },
		"button":      func(r *sim.Radio) { r.Button.Unplug() },
	}
	for name, unplug := range parts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, time.Millisecond)
				w.start()
				w.press()
				w.pass(300 * time.Millisecond)
				w.expect(floor.Talking, floor.NoReason)
				w.link.take()
				unplug(w.radio)
				w.pass(100 * time.Millisecond)
				if n := len(w.link.take()); n > 1 {
					t.Errorf("%d frames after the %s was gone", n, name)
				}
				if err := w.stop(); !errors.Is(err, hal.ErrGone) {
					t.Errorf("Run returned %v, want what wraps %v", err, hal.ErrGone)
				}
				if held := w.redis.held(); len(held) > 0 {
					t.Error("the floor is still held")
				}
				if w.radio.Panel.Lamps() != (hal.Lamps{}) {
					t.Error("lamps are lit")
				}
			})
		})
	}
}

// TestHangingMicrophone: one that delivers nothing, and no error, ends the spurt
// instead of holding the floor in silence, and works again when it does.
func TestHangingMicrophone(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(300 * time.Millisecond)
		w.radio.Mic.Freeze(true)
		w.pass(600 * time.Millisecond) // it counts as gone after 500
		w.expect(floor.Refused, floor.NoSound)
		if held := w.redis.held(); len(held) > 0 {
			t.Error("the floor is still held")
		}
		w.release()
		w.radio.Mic.Freeze(false)
		w.pass(time.Second)
		w.press()
		w.pass(100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}

// TestFrozenCard: a microphone that hangs without an error leaves nothing open.
func TestFrozenCard(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(300 * time.Millisecond)
		w.radio.Mic.Freeze(true)
		w.pass(time.Millisecond)
		w.release()
		w.pass(drainTimeout + time.Millisecond)
		w.expect(floor.Idle, floor.NoReason)
		w.radio.Mic.Freeze(false)
		w.pass(time.Second)
		if held := w.redis.held(); len(held) > 0 {
			t.Error("the floor is still held")
		}
	})
}

func TestLampsAndWords(t *testing.T) {
	for why := floor.Busy; why <= floor.Looped; why++ {
		if Why(floor.Floor{Why: why}) == "" {
			t.Errorf("no words for %v", why)
		}
	}
	ready := Status{Floor: floor.Floor{Rights: true, Link: true}, Redis: true}
	with := func(s Status, change func(*Status)) Status { change(&s); return s }
	tests := []struct {
		status Status
		ours   bool
		want   hal.Lamps
	}{
		{ready, false, hal.Lamps{Link: true}},
		{with(ready, func(s *Status) { s.Taken = true }), false, hal.Lamps{Link: true, Busy: true}},
		{with(ready, func(s *Status) { s.Taken, s.Floor.Phase = true, floor.Talking }), true, hal.Lamps{Link: true, Talk: true}},
		{with(ready, func(s *Status) { s.Taken, s.Floor.Phase = true, floor.Refused }), false, hal.Lamps{Link: true, Busy: true, Alert: true}},
		{with(ready, func(s *Status) { s.Floor.Rights = false }), false, hal.Lamps{}},
		{with(ready, func(s *Status) { s.Floor.Link = false }), false, hal.Lamps{}},
		{with(ready, func(s *Status) { s.Redis = false }), false, hal.Lamps{}},
	}
	for _, tt := range tests {
		if got := lamps(tt.status, tt.ours); got != tt.want {
			t.Errorf("%+v: %+v, want %+v", tt.status, got, tt.want)
		}
	}
}

// TestRedisAwayShows: a person at the port sees that a press would not work.
func TestRedisAwayShows(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		if !w.now().Lamps.Link {
			t.Error("the link lamp is dark")
		}
		w.redis.view(redis.FloorView{})
		if w.now().Lamps.Link {
			t.Error("the link lamp is lit though Redis is away")
		}
		w.redis.view(redis.FloorView{Known: true})
		if !w.now().Lamps.Link {
			t.Error("the link lamp stays dark though Redis is back")
		}
		w.redis.view(redis.FloorView{Known: true, Holder: &redis.Holder{}})
		if !w.now().Lamps.Busy {
			t.Error("the busy lamp is dark though there is a lock, of nobody knows whom")
		}
	})
}

func TestOptionsNameWhatIsWrong(t *testing.T) {
	_, err := New(Options{Tuning: Tuning{Talk: TalkTiming{Lease: time.Second, LockTTL: time.Second}}})
	if err == nil {
		t.Fatal("an empty port was made")
	}
	for _, want := range []string{"user ID", "channel", "microphone", "lock's TTL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name the %s", err, want)
		}
	}
}

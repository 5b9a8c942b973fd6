package gateway

import (
	"errors"
	"math/rand/v2"
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

// TestPressToFirstPacket: one round trip, and nothing else, lies between the
// press and the first frame, whenever in a frame the press comes.
func TestPressToFirstPacket(t *testing.T) {
	for _, roundTrip := range []time.Duration{200 * time.Microsecond, 5 * time.Millisecond, 50 * time.Millisecond} {
		t.Run(roundTrip.String(), func(t *testing.T) {
			inBubble(t, roundTrip, func(w *world) {
				for phase := time.Duration(0); phase < 20*time.Millisecond; phase += 1700 * time.Microsecond {
					w.pass(phase)
					pressed := w.press()
					w.pass(roundTrip + time.Microsecond)
					frames := w.link.take()
					if len(frames) == 0 {
						t.Fatalf("phase %v: no frame after %v", phase, roundTrip)
					}
					if took := frames[0].at.Sub(pressed); took != roundTrip {
						t.Errorf("phase %v: first frame after %v, want %v", phase, took, roundTrip)
					}
					if !frames[0].first {
						t.Error("the first frame does not say so")
					}
					w.pass(30 * time.Millisecond)
					w.release()
					w.pass(time.Second)
					w.link.take()
				}
				if w.redis.requests != 12 {
					t.Errorf("%d requests for 12 presses", w.redis.requests)
				}
			})
		})
	}
}

// TestNothingIsClipped: the frames of a talk spurt cover every sample from the
// press to the release and the encoder's look-ahead, without a gap, whatever
// the round trip and the phases.
func TestNothingIsClipped(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, roundTrip := range []time.Duration{200 * time.Microsecond, 50 * time.Millisecond, 300 * time.Millisecond} {
		inBubble(t, roundTrip, func(w *world) {
			for range 30 {
				w.pass(time.Duration(rng.Int64N(int64(40 * time.Millisecond))))
				from := w.radio.Mic.IndexAt(w.press())
				w.pass(roundTrip + time.Duration(1+rng.Int64N(int64(300*time.Millisecond))))
				to := w.radio.Mic.IndexAt(w.release())
				w.pass(time.Second)
				frames := w.link.take()
				if len(frames) == 0 {
					t.Fatal("nothing was sent")
				}
				for i, f := range frames[1:] {
					if f.timestamp != frames[i].timestamp+media.FrameSamples || f.first {
						t.Fatalf("frame %d starts at %d after %d, first %v", i+1, f.timestamp, frames[i].timestamp, f.first)
					}
				}
				first, end := uint64(frames[0].timestamp), uint64(frames[len(frames)-1].timestamp)+media.FrameSamples
				lookahead := uint64(w.port.talker.enc.Lookahead())
				if first > from || end < to+lookahead {
					t.Errorf("said %d to %d, sent %d to %d", from, to, first, end)
				}
				if from > first+2*media.FrameSamples || end >= to+lookahead+media.FrameSamples {
					t.Errorf("said %d to %d, and sent too much: %d to %d", from, to, first, end)
				}
				w.expect(floor.Idle, floor.NoReason)
			}
		})
	}
}

// TestNothingAfterTheReleaseIsSent: what is said after letting go stays here.
func TestNothingAfterTheReleaseIsSent(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.radio.Mic.Hear(sim.Silence())
		w.pass(100 * time.Millisecond)
		w.press()
		w.pass(205 * time.Millisecond)
		to := w.radio.Mic.IndexAt(w.release())
		w.radio.Mic.Hear(sim.Tone(1000, -6, to))
		w.pass(time.Second)
		dec, err := media.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		var pcm [media.FrameSamples]int16
		for _, f := range w.link.take() {
			if err := dec.Decode(f.opus, pcm[:]); err != nil {
				t.Fatal(err)
			}
			for _, s := range pcm {
				if s > 300 || s < -300 {
					t.Fatalf("sample %d of the frame at %d was said after the release", s, f.timestamp)
				}
			}
		}
	})
}

// TestRevocationIsInstant: at any phase of a talk spurt, not one frame follows
// the moment at which the revocation has been read.
func TestRevocationIsInstant(t *testing.T) {
	const phases = 10_000
	rng := rand.New(rand.NewPCG(3, 4))
	inBubble(t, 200*time.Microsecond, func(w *world) {
		sent := 0
		for range phases {
			w.press()
			w.pass(time.Duration(rng.Int64N(int64(25 * time.Millisecond))))
			w.redis.allow(false, true)
			synctest.Wait()
			revoked := time.Now()
			w.pass(25 * time.Millisecond)
			for _, f := range w.link.take() {
				sent++
				if f.at.After(revoked) {
					t.Fatalf("a frame %v after the revocation", f.at.Sub(revoked))
				}
			}
			if !w.now().Lamps.Alert {
				t.Fatal("the alert lamp is dark")
			}
			// Given back while still pressed: only a fresh press talks.
			w.redis.allow(true, true)
			w.pass(time.Millisecond)
			if s := w.now(); s.Floor.Phase != floor.Refused {
				t.Fatalf("phase %v after the rights came back", s.Floor.Phase)
			}
			w.release()
			w.pass(time.Millisecond)
		}
		if sent < phases/2 {
			t.Errorf("only %d frames before %d revocations: hardly anything was cut", sent, phases)
		}
	})
}

// TestRevocationWithoutWord: a revocation that nobody tells of ends the spurt
// at the next renewal.
func TestRevocationWithoutWord(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(500 * time.Millisecond)
		w.redis.allow(false, false)
		w.pass(testTiming.Lease/3 + 10*time.Millisecond)
		w.expect(floor.Refused, floor.Revoked)
		w.release()
	})
}

// TestBlackhole: when Redis falls silent the spurt ends within the lease, and
// the lock's own TTL frees the floor.
func TestBlackhole(t *testing.T) {
	for at := 10 * time.Millisecond; at < time.Second; at += 30 * time.Millisecond {
		inBubble(t, 200*time.Millisecond, func(w *world) {
			w.press()
			w.pass(200*time.Millisecond + at)
			w.redis.set(func() { w.redis.lost = true })
			lost := time.Now()
			w.pass(3 * time.Second)
			w.expect(floor.Refused, floor.LeaseExpired)
			frames := w.link.take()
			last := frames[len(frames)-1].at.Sub(lost)
			if last > testTiming.Lease {
				t.Errorf("lost after %v: still talking %v later", at, last)
			}
			w.release()
			w.redis.set(func() { w.redis.lost = false })
			w.press()
			w.pass(300 * time.Millisecond)
			w.expect(floor.Talking, floor.NoReason)
		})
	}
}

// TestUnknownRights: rights that cannot be read for a moment cut nobody off;
// the lease would.
func TestUnknownRights(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		w.press()
		w.pass(100 * time.Millisecond)
		w.redis.rights(redis.Rights{})
		w.pass(3 * time.Second)
		w.expect(floor.Talking, floor.NoReason)
		w.release()
	})
}

// TestStalledActor: the TalkGate shuts by itself. The machine's clock is held
// up by an observer that does not return.
func TestStalledActor(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		stall := make(chan struct{})
		observe := w.port.opt.Observe
		w.port.opt.Observe = func(s Status) {
			observe(s)
			if s.Floor.Phase == floor.Talking {
				<-stall
			}
		}
		w.press()
		w.pass(10 * time.Second)
		frames := w.link.take()
		talked := frames[len(frames)-1].at.Sub(frames[0].at)
		if talked > testTiming.Lease || talked < testTiming.Lease/2 {
			t.Errorf("with a stalled actor the spurt lasted %v, the lease is %v", talked, testTiming.Lease)
		}
		close(stall)
		w.pass(time.Second)
		w.expect(floor.Refused, floor.LeaseExpired)
		w.release()
	})
}

// TestRevocationWithStalledActor: not one frame follows a revocation even while
// the actor does nothing.
func TestRevocationWithStalledActor(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		stall := make(chan struct{})
		observe := w.port.opt.Observe
		w.port.opt.Observe = func(s Status) {
			observe(s)
			if s.Floor.Phase == floor.Talking {
				<-stall
			}
		}
		w.press()
		w.pass(200 * time.Millisecond)
		go w.redis.allow(false, true) // the actor does not take it in
		synctest.Wait()
		revoked := time.Now()
		w.pass(500 * time.Millisecond)
		frames := w.link.take()
		if len(frames) < 5 {
			t.Fatalf("%d frames before the revocation", len(frames))
		}
		if last := frames[len(frames)-1].at; last.After(revoked) {
			t.Errorf("a frame %v after the revocation", last.Sub(revoked))
		}
		go w.redis.rights(redis.Rights{}) // Redis cannot be read: nothing is given back
		w.pass(100 * time.Millisecond)
		if n := len(w.link.take()); n > 0 {
			t.Errorf("%d frames after the revocation, when rights could not be read", n)
		}
		close(stall)
		w.pass(100 * time.Millisecond)
		w.expect(floor.Refused, floor.Revoked)
		w.release()
	})
}

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
				why := floor.Revoked
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
	for why := floor.Busy; why <= floor.LeaseExpired; why++ {
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
		{with(ready, func(s *Status) { s.Holder = "u2" }), false, hal.Lamps{Link: true, Busy: true}},
		{with(ready, func(s *Status) { s.Holder, s.Floor.Phase = "u1", floor.Talking }), true, hal.Lamps{Link: true, Talk: true}},
		{with(ready, func(s *Status) { s.Holder, s.Floor.Phase = "u2", floor.Refused }), false, hal.Lamps{Link: true, Busy: true, Alert: true}},
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
	})
}

func TestOptionsNameWhatIsWrong(t *testing.T) {
	_, err := New(Options{Talk: TalkTiming{Lease: time.Second, LockTTL: time.Second}})
	if err == nil {
		t.Fatal("an empty port was made")
	}
	for _, want := range []string{"user ID", "channel", "microphone", "lock's TTL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name the %s", err, want)
		}
	}
}

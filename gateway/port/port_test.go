package port

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

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
				lookahead := uint64(w.port.sender.Lookahead())
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
			if _, err := dec.Decode(f.opus, pcm[:]); err != nil {
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
// up by an event that takes long.
func TestStalledActor(t *testing.T) {
	inBubble(t, time.Millisecond, func(w *world) {
		stall := make(busy)
		w.press()
		w.pass(5 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.port.inbox.post(stall)
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
		stall := make(busy)
		w.press()
		w.pass(5 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		w.port.inbox.post(stall)
		w.pass(200 * time.Millisecond)
		go w.redis.allow(false, true) // the actor does not hear of it
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

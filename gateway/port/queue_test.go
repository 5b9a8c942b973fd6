package port

import (
	"testing"
	"time"

	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/state/floor"
	"github.com/talkgate/talkgate/state/redis"
)

func withQueue(o *Options) {
	o.Talk.Queue = time.Minute
	o.Hardware.PTTOut = nil // tones are for the person at the port
	o.Tones = new(media.Tones)
	o.Tones[media.Permit] = media.NewTones()[media.Permit]
}

var dora = &redis.Claim{UserID: "u2", UserName: "Dora", Token: "t2"}

// TestQueue: a press waits for its turn, is told its place, and gets the floor with
// a tone the moment it is free. What was said in the queue is not heard.
func TestQueue(t *testing.T) {
	inBubbleWith(t, withQueue, func(w *world) {
		w.redis.hold(dora)
		w.redis.set(func() { w.redis.ahead = 1 })
		var told time.Time
		w.radio.Speaker.SetTap(func(at time.Time, period []int16) {
			for _, s := range period {
				if s != 0 && told.IsZero() {
					told = at
				}
			}
		})
		w.press()
		w.pass(10 * time.Millisecond)
		w.expect(floor.Waiting, floor.NoReason)
		if got, want := Why(w.now().Floor), "the channel is in use by Dora; number 2 in the queue"; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		w.redis.set(func() { w.redis.ahead = 0 })
		w.pass(10 * time.Second)
		if place := w.now().Floor.Place; place != 1 {
			t.Errorf("place %d, want 1", place)
		}
		if n := w.redis.requests; n != 11 {
			t.Errorf("asked %d times in 10s, want once a second", n)
		}
		if len(w.link.take()) > 0 || !told.IsZero() {
			t.Error("it was heard, or told to talk, in the queue")
		}
		w.pass(500 * time.Millisecond)
		w.redis.hold(nil)
		freed := time.Now()
		w.redis.view(redis.FloorView{Known: true})
		w.pass(100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		frames := w.link.take()
		if first := uint64(frames[0].timestamp); first+2*media.FrameSamples < w.radio.Mic.IndexAt(freed) {
			t.Errorf("what was said in the queue is sent, from sample %d of %d on", first, w.radio.Mic.IndexAt(freed))
		}
		if after := told.Sub(freed); after < 0 || after > 50*time.Millisecond {
			t.Errorf("permit sounded %v after the floor was free", after)
		}
		w.release()
		w.pass(time.Second)
		w.expect(floor.Idle, floor.NoReason)
	})
}

// TestQueueIsLeft: whoever lets go, waits too long, or loses the right to talk
// gives up the place, and is asked for no more.
func TestQueueIsLeft(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"let go":      func(w *world) { w.release() },
		"too long":    func(w *world) { w.pass(time.Minute) },
		"rights lost": func(w *world) { w.redis.allow(false, true) },
		"port ends":   func(w *world) { _ = w.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubbleWith(t, withQueue, func(w *world) {
				w.redis.hold(dora)
				w.press()
				w.pass(3500 * time.Millisecond)
				w.expect(floor.Waiting, floor.NoReason)
				end(w)
				w.pass(100 * time.Millisecond)
				if len(w.redis.left) != 1 {
					t.Fatalf("%d places were given up, want 1", len(w.redis.left))
				}
				asked := w.redis.requests
				w.redis.hold(nil)
				w.redis.view(redis.FloorView{Known: true})
				w.pass(10 * time.Second)
				if w.redis.requests != asked || len(w.link.take()) > 0 {
					t.Error("it asked again, or was heard")
				}
				w.release()
			})
		})
	}
}

// TestQueueFailsClosed: Redis that falls silent ends the waiting.
func TestQueueFailsClosed(t *testing.T) {
	inBubbleWith(t, withQueue, func(w *world) {
		w.redis.hold(dora)
		w.press()
		w.pass(1500 * time.Millisecond)
		w.redis.set(func() { w.redis.lost = true })
		w.pass(3 * time.Second)
		w.expect(floor.Refused, floor.NoAnswer)
		w.redis.set(func() { w.redis.lost = false })
		w.redis.hold(nil)
		w.pass(10 * time.Second)
		w.expect(floor.Refused, floor.NoAnswer)
		w.release()
	})
}

// TestWhatIsSaidInTheQueueStaysThere: however short the wait.
func TestWhatIsSaidInTheQueueStaysThere(t *testing.T) {
	inBubbleWith(t, withQueue, func(w *world) {
		w.redis.hold(dora)
		w.press()
		w.pass(600 * time.Millisecond)
		w.redis.hold(nil)
		freed := w.radio.Mic.IndexAt(time.Now())
		w.redis.view(redis.FloorView{Known: true})
		w.pass(100 * time.Millisecond)
		w.expect(floor.Talking, floor.NoReason)
		if first := uint64(w.link.take()[0].timestamp); first+2*media.FrameSamples < freed {
			t.Errorf("%d samples from before the floor was free are sent", freed-first)
		}
		w.release()
	})
}
